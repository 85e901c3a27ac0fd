"""`doit compare`: two sets of results, and whether the second is as good as the first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcumatrix.commands.outputs import write_outputs
from mcumatrix.commands.result_sets import load_results
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.model.comparison import Thresholds
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.report.content.gate import Gate, Judgement, Origin, ResultSet, judge, rows, suspects
from mcumatrix.report.render.gate import gate_json, gate_junit, gate_markdown, job_summary
from mcumatrix.report.render.terminal import to_text

RENDERERS: Mapping[str, Callable[[Gate], bytes]] = {
    "json": gate_json,
    "markdown": gate_markdown,
    "junit": gate_junit,
}
"""What a comparison can be written as."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a comparison.

    `limits` are those for totals and layers in percent, as they were typed; for empty ones the matrix counts.
    `outputs` has paths by names of RENDERERS, and `summary` is a file that a job summary is added to. With
    `run_again`, which gets a matrix and some of its results, regressions are measured once more before they
    count.
    """

    limits: tuple[str, str] = ("", "")
    outputs: Mapping[str, str] = field(default_factory=dict)
    summary: Path | None = None
    run_again: Callable[[str, Sequence[Origin]], None] | None = None


def compare(
    project: Project, base: str, candidate: str, wanted: Wanted, say: Callable[[str], None]
) -> ExitCode:
    """Compares, shows the outcome, and writes the files that are wanted.

    Raises:
        McuMatrixError: results are not there or cannot be believed, or a limit is no number.
    """
    gate, sets = _judged(project, (base, candidate), wanted.limits)
    alarms = _regressions(gate)
    if alarms and wanted.run_again:
        _run_again(gate, sets, wanted.run_again, say)
        gate, _ = _judged(project, (base, candidate), wanted.limits)
        for case in alarms:
            is_slower = case in _regressions(gate)
            say(f"{case}: {'slower again' if is_slower else 'not slower when it was run again'}.")
        say("")
    if gate.differing:
        say(f"The two differ in {'; '.join(gate.differing)}.\n")
    if gate.cases:
        say(to_text(rows(gate)))
    say(f"\n{gate.summary}")
    write_outputs(wanted.outputs, lambda kind: RENDERERS[kind](gate), say)
    if wanted.summary:
        # Steps before this one may have written there, too.
        with wanted.summary.open("ab") as file:
            file.write(job_summary(gate))
    return ExitCode.OK if gate.is_passed else ExitCode.NOT_COMPARABLE


_Loaded = tuple[ResultSet, Matrix | None]


def _judged(
    project: Project, names: tuple[str, str], limits: tuple[str, str]
) -> tuple[Gate, tuple[_Loaded, _Loaded]]:
    base, candidate = (load_results(project, name) for name in names)
    thresholds = _thresholds(limits, candidate[1] or base[1])
    return judge(base[0], candidate[0], thresholds), (base, candidate)


def _regressions(gate: Gate) -> list[str]:
    return [judged.case for judged in gate.cases if judged.judgement is Judgement.REGRESSION]


def _run_again(
    gate: Gate,
    sets: Sequence[_Loaded],
    run_again: Callable[[str, Sequence[Origin]], None],
    say: Callable[[str], None],
) -> None:
    for results, matrix in sets:
        if matrix is None:
            say(f"{results.name} is not run again: it is no matrix of this project.")
        elif found := suspects(gate, results):
            run_again(matrix.name, found)


def _thresholds(limits: tuple[str, str], matrix: Matrix | None) -> Thresholds:
    of_matrix = matrix.thresholds if matrix else Thresholds()
    total, layer = map(_percent, limits)
    return Thresholds(
        of_matrix.total_percent if total is None else total,
        of_matrix.layer_percent if layer is None else layer,
    )


def _percent(text: str) -> float | None:
    if not text:
        return None
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 <= percent < float("inf"):
        raise MatrixError(f"{text!r} is no limit in percent", hint="Write a number, such as 2.5.")
    return percent
