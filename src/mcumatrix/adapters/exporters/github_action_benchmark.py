"""JSON for github-action-benchmark, with `tool: customSmallerIsBetter`.

https://github.com/benchmark-action/github-action-benchmark: an array of objects with `name`, `unit` and
`value`, and with `range` and `extra` as text that charts show. A name is what a point of the chart is found
by again.
"""

import json
from collections.abc import Iterator, Mapping

from mcumatrix.model.exported import Exported, ExportedCase, ExportedRow


class GithubActionBenchmarkExporter:
    """A benchmark for each case, for each of its layers, and for each size of its image."""

    def export(self, results: Exported) -> Mapping[str, bytes]:
        """One file, `benchmark.json`."""
        entries = [entry for case in results.cases for entry in _entries(case)]
        return {"benchmark.json": (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode()}


def _entries(case: ExportedCase) -> Iterator[dict[str, object]]:
    extra = "\n".join(f"{name}: {value}" for name, value in {**case.axes, **case.conditions}.items())
    # The total first: charts stand in the order of the file.
    for row in (case.rows[-1], *case.rows[:-1]):
        entry = {"name": f"{case.name}: {row.name}", "unit": "ms", "value": row.median_msec, "extra": extra}
        yield entry | ({"range": shown} if (shown := _range(row)) else {})
    for name, size in case.sizes_bytes.items():
        yield {"name": f"{case.name}: {name}", "unit": "bytes", "value": size, "extra": extra}


def _range(row: ExportedRow) -> str:
    """As the tool's own extractors write it, or the interval of the median where there is one."""
    if row.interval_msec is None:
        return ""
    low, high = row.interval_msec
    return f"{low:.6g} to {high:.6g}"
