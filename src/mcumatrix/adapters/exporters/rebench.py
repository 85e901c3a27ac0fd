"""A data file of ReBench, as its own rebench/persistence.py writes and reads it (version 1.3 on).

Tab-separated lines, one for each measurement; lines with `#` before them describe the benchmarks and runs
that the last column names by number. The criterion `total` ends a data point, so that it stands after its
layers.
"""

import json
from collections.abc import Iterator, Mapping

from mcumatrix.errors import NothingSelectedError
from mcumatrix.model.exported import Exported, ExportedCase
from mcumatrix.printable import printable

_COLUMNS = (
    *("invocation", "iteration", "value", "unit", "criterion", "benchmark", "executor", "suite", "extraArgs"),
    *("cores", "inputSize", "varValue", "tag", "machine", "runId"),
)


class RebenchExporter:
    """A benchmark for each variant, run once, with an iteration for each repeat and criteria for layers."""

    def export(self, results: Exported) -> Mapping[str, bytes]:
        """One file, `NAME.data`.

        Raises:
            NothingSelectedError: there are no cases, and so no time at which they were measured.
        """
        if not results.cases:
            raise NothingSelectedError(f"no case of {results.name} has times", hint="Its report says why.")
        return {f"{results.name}.data": ("\n".join(_lines(results)) + "\n").encode()}


def _lines(results: Exported) -> Iterator[str]:
    started_at = min(case.finished_at for case in results.cases)
    commit = results.revision.commit if results.revision else None
    yield f"#!doit export {_cell(results.name)} --format rebench"
    yield f"# Execution Start: {started_at}"
    yield f"# Source: {_json({'commitId': commit})}"
    yield "\t".join(_COLUMNS)
    for number, case in enumerate(results.cases):
        yield f"# benchmark: {number}={_json(_benchmark(results, case))}"
        run = {"cmdline": case.name, "machine": case.machine, "benchmark_id": number}
        yield f"# run_id: {number}={_json(run)}"
        suffix = (case.name, case.machine, results.name, "", "", "", "", "", case.machine, str(number))
        for iteration in range(len(case.rows[-1].msec)):
            for row in case.rows:
                cells = ("1", str(iteration + 1), f"{row.msec[iteration]:f}", "ms", row.name, *suffix)
                yield "\t".join(map(_cell, cells))


def _benchmark(results: Exported, case: ExportedCase) -> dict[str, object]:
    details: dict[str, object] = {"invocations": 1, "iterations": len(case.rows[-1].msec)}
    none = {"input_sizes": [""], "cores": [""], "variable_values": [""], "tags": [""]}
    executor = {
        "name": case.machine,
        "executable": "doit",
        "action": "benchmark",
        "runDetails": details,
        "variables": none,
    }
    suite = {"name": results.name, "command": "matrix", "executor": executor}
    return {
        "name": case.name,
        "command": case.name,
        "runDetails": details,
        "suite": suite,
        "variables": none,
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def _cell(text: str) -> str:
    """Nothing in a cell begins another one, or another line."""
    return printable(text).replace("\t", " ")
