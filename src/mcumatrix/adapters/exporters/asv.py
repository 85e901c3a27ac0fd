"""A folder for airspeed velocity (asv): what `asv publish`, `asv compare` and `asv show` read.

https://asv.readthedocs.io/en/stable/dev.html ("File format reference"): asv.conf.json,
results/benchmarks.json, and for each machine results/MACHINE/machine.json and
results/MACHINE/COMMIT-ENVIRONMENT.json. A machine is a board: asv never compares times of two machines.
Exports of several commits into one folder are its history.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, prod

from mcumatrix.errors import MatrixError
from mcumatrix.model.exported import Exported, ExportedCase, ExportedRow, Revision

_ENVIRONMENT = "mcumatrix"
_COLUMNS = ("result", "params", "version", "started_at", "duration")
_STATS = (
    *("stats_ci_99_a", "stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number", "stats_repeat"),
    "samples",
)
_CONFIDENCE = 0.99
_VERSION = "1"
"""Of each benchmark. asv shows no results of another version than the benchmark's."""

_MOST_HOLES = 4
"""Axes are asv's parameters, and it wants a value for each combination of them: where there are more than so
many times as many as cases, the variants' names are the one parameter."""


class AsvExporter:
    """Benchmarks of the whole inference, of each layer, and of sizes; the axes are their parameters."""

    def export(self, results: Exported) -> Mapping[str, bytes]:
        """The files of asv's folder, by their paths in it.

        Raises:
            MatrixError: the commit is not known, by which asv finds results.
        """
        if results.revision is None:
            raise MatrixError(
                "asv keeps results by commit, and that of this project is not known",
                hint="Put the project under git, or name one of its repository: --commit HASH",
            )
        benchmarks = list(_benchmarks(results))
        files: dict[str, object] = {
            "asv.conf.json": _configuration(results),
            "results/benchmarks.json": {
                **{one.name: one.described for one in sorted(benchmarks, key=lambda one: one.name)},
                "version": 2,
            },
        }
        for machine in dict.fromkeys(case.machine for case in results.cases):
            folder = f"results/{machine}"
            files[f"{folder}/machine.json"] = {**_machine(machine), "version": 1}
            name = f"{results.revision.commit[:8]}-{_ENVIRONMENT}.json"
            files[f"{folder}/{name}"] = _results(machine, benchmarks, results.revision)
        return {
            name: (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
            for name, value in files.items()
        }


@dataclass(frozen=True, slots=True)
class _Benchmark:
    """One of asv's benchmarks: `values` has, by machine and combination of parameters, seconds or bytes."""

    name: str
    kind: str
    unit: str
    names: tuple[str, ...]
    params: tuple[tuple[str, ...], ...]
    values: Mapping[tuple[str, tuple[str, ...]], tuple[float, ...]]

    @property
    def described(self) -> dict[str, object]:
        return {
            "code": "",
            "name": self.name,
            "param_names": list(self.names),
            # As asv writes them: the text that Python has for a value.
            "params": [[repr(value) for value in values] for values in self.params],
            "timeout": 0,
            "type": self.kind,
            "unit": self.unit,
            "version": _VERSION,
        }


def _benchmarks(results: Exported) -> Iterator[_Benchmark]:
    names, params, keys = _parameters(results.cases)
    rows: dict[str, dict[tuple[str, tuple[str, ...]], tuple[float, ...]]] = {}
    sizes: dict[str, dict[tuple[str, tuple[str, ...]], tuple[float, ...]]] = {}
    for case, key in zip(results.cases, keys, strict=True):
        for row in case.rows:
            # One sample is what asv compares without statistics.
            msec = (row.median_msec,) if case.deterministic else row.msec
            rows.setdefault(_row_name(row), {})[case.machine, key] = tuple(one / 1_000 for one in msec)
        for name, size in case.sizes_bytes.items():
            sizes.setdefault(name, {})[case.machine, key] = (float(size),)
    prefix = results.name.replace(".", "_")
    for name, seconds in rows.items():
        yield _Benchmark(f"{prefix}.time_{name}", "time", "seconds", names, params, seconds)
    for name, found_sizes in sizes.items():
        yield _Benchmark(f"{prefix}.track_{name}_bytes", "track", "bytes", names, params, found_sizes)


def _row_name(row: ExportedRow) -> str:
    return "total" if row.layer is None else f"layer_{row.layer}_{row.op}"


def _parameters(
    cases: Sequence[ExportedCase],
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], list[tuple[str, ...]]]:
    """Names of asv's parameters, the values of each, and the combination that each case is.

    The board is no parameter: it is the machine.
    """
    axes = dict.fromkeys(name for case in cases for name in case.axes if name != "board")
    values = {name: tuple(dict.fromkeys(case.axes.get(name, "") for case in cases)) for name in axes}
    several = tuple(name for name in values if len(values[name]) > 1)
    keys = [tuple(case.axes.get(name, "") for name in several) for case in cases]
    are_told_apart = len(set(zip((case.machine for case in cases), keys, strict=True))) == len(cases)
    if are_told_apart and prod(len(values[name]) for name in several) <= _MOST_HOLES * len(cases):
        return several, tuple(values[name] for name in several), keys
    names: list[tuple[str, ...]] = [(case.name,) for case in cases]
    return ("variant",), (tuple(case.name for case in cases),), names


def _results(machine: str, benchmarks: Sequence[_Benchmark], revision: Revision) -> dict[str, object]:
    return {
        "commit_hash": revision.commit,
        "env_name": _ENVIRONMENT,
        "date": revision.committed_s * 1_000,
        "params": _machine(machine),
        "python": "",
        "requirements": {},
        "env_vars": {},
        "result_columns": [*_COLUMNS, *_STATS, "profile"],
        "results": {one.name: found for one in benchmarks if (found := _result(one, machine))},
        "durations": {},
        "version": 2,
    }


def _result(benchmark: _Benchmark, machine: str) -> list[object] | None:
    """A row under `result_columns`: each has a value for each combination, the last parameter fastest."""
    keys = list(product(*benchmark.params))
    repeats = [benchmark.values.get((machine, key)) for key in keys]
    if not any(repeats):
        return None
    params = benchmark.described["params"]
    # To asv, NaN is what was not to be measured; None is what failed.
    medians = [_quantile(values, 0.5) if values else math.nan for values in repeats]
    head: list[object] = [medians, params, _VERSION, None, None]
    if benchmark.kind != "time":
        return head[:3]
    stats = [_stats(values) if values else (None,) * len(_STATS) for values in repeats]
    return [*head, *map(list, zip(*stats, strict=True))]


def _stats(values: Sequence[float]) -> tuple[object, ...]:
    """What stands under `_STATS`."""
    low, high = _interval(values)
    return low, high, _quantile(values, 0.25), _quantile(values, 0.75), 1, len(values), list(values)


def _quantile(values: Sequence[float], share: float) -> float:
    """Between the two repeats around it, as asv's own statistics do (asv_runner/statistics.py)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Between these the median lies with 99 %, whatever the distribution: two of the ordered repeats.

    Infinite where there are too few, as asv has it. David and Nagaraja, Order Statistics, 2003, section 7.1.
    """
    ordered = sorted(values)
    below, beyond = 0, 0.0
    while below < len(ordered) // 2:
        beyond += comb(len(ordered), below) / 2 ** len(ordered)
        if 2 * beyond > 1 - _CONFIDENCE:
            break
        below += 1
    return (ordered[below - 1], ordered[-below]) if below else (-math.inf, math.inf)


def _machine(machine: str) -> dict[str, str]:
    return {"arch": "", "cpu": machine, "machine": machine, "num_cpu": "1", "os": "none", "ram": ""}


def _configuration(results: Exported) -> dict[str, object]:
    return {
        "version": 1,
        "project": results.name,
        "repo": results.revision.repository if results.revision else ".",
        "branches": ["HEAD"],
        "results_dir": "results",
        "html_dir": "html",
        "environment_type": "existing",
    }
