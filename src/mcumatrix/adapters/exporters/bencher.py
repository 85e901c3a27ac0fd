"""Bencher Metric Format: JSON that `bencher run --adapter json --file` takes.

https://bencher.dev/docs/reference/bencher-metric-format/: benchmarks by name, each with measures by slug,
each with a value and, where they are known, a lower and an upper one. The built-in measure `latency` is in
nanoseconds; Bencher makes measures that it does not know yet.
"""

import json
from collections.abc import Mapping

from mcumatrix.model.exported import Exported, ExportedCase, ExportedRow

_NS_PER_MSEC = 1e6


class BencherExporter:
    """A benchmark for each case and each of its layers; sizes are measures of the case."""

    def export(self, results: Exported) -> Mapping[str, bytes]:
        """One file, `bencher.json`."""
        benchmarks: dict[str, dict[str, dict[str, float]]] = {}
        for case in results.cases:
            for row in case.rows:
                measures = {"latency": _latency(row)}
                if row.layer is None:
                    measures |= _sizes(case)
                benchmarks[f"{case.name}/{row.name}"] = measures
        return {"bencher.json": (json.dumps(benchmarks, indent=1, ensure_ascii=False) + "\n").encode()}


def _latency(row: ExportedRow) -> dict[str, float]:
    found = {"value": row.median_msec * _NS_PER_MSEC}
    if row.interval_msec:
        low, high = row.interval_msec
        found |= {"lower_value": low * _NS_PER_MSEC, "upper_value": high * _NS_PER_MSEC}
    return found


def _sizes(case: ExportedCase) -> dict[str, dict[str, float]]:
    return {f"{name}-size": {"value": float(size)} for name, size in case.sizes_bytes.items()}
