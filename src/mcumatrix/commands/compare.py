"""`doit compare`: two sets of results, and whether the second is as good as the first."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from mcumatrix.artifact import write_atomically
from mcumatrix.commands.result_sets import load_results
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.model.comparison import Thresholds
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.report.content.gate import Gate, judge, rows
from mcumatrix.report.render.gate import gate_json, gate_junit, gate_markdown
from mcumatrix.report.render.terminal import to_text

RENDERERS: Mapping[str, Callable[[Gate], bytes]] = {
    "json": gate_json,
    "markdown": gate_markdown,
    "junit": gate_junit,
}
"""What a comparison can be written as."""


def compare(
    project: Project,
    base: str,
    candidate: str,
    *,
    limits: tuple[str, str],
    outputs: Mapping[str, str],
    say: Callable[[str], None],
) -> ExitCode:
    """Compares, shows the outcome, and writes the files of `outputs`, which has paths by names of RENDERERS.

    `limits` are those for totals and layers in percent, as they were typed; for empty ones the matrix counts.

    Raises:
        McuMatrixError: results are not there or cannot be believed, or a limit is no number.
    """
    (ours, our_matrix), (other, other_matrix) = load_results(project, base), load_results(project, candidate)
    gate = judge(ours, other, _thresholds(limits, other_matrix or our_matrix))
    if gate.differing:
        say(f"The two differ in {'; '.join(gate.differing)}.\n")
    if gate.cases:
        say(to_text(rows(gate)))
    say(f"\n{gate.summary}")
    for name, path in outputs.items():
        if path:
            write_atomically(Path(path), RENDERERS[name](gate))
            say(os.path.relpath(path))
    return ExitCode.OK if gate.is_passed else ExitCode.NOT_COMPARABLE


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
