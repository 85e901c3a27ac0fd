"""`doit history`: runs of a matrix over time, and where layers changed."""

from collections.abc import Callable, Mapping

from mcumatrix.actions import runs_of_variants
from mcumatrix.commands.outputs import write_outputs
from mcumatrix.commands.report import load_kept
from mcumatrix.errors import ExitCode, NothingSelectedError
from mcumatrix.project import Project
from mcumatrix.report.content.history import Past, pasts
from mcumatrix.report.content.history_chart import history_charts
from mcumatrix.report.render.charts.svg import svg_file
from mcumatrix.report.render.history import history_json, history_markdown, history_text


def _chart(_matrix: str, found: tuple[Past, ...]) -> bytes:
    (chart,) = history_charts(found)
    return svg_file(chart)


RENDERERS: Mapping[str, Callable[[str, tuple[Past, ...]], bytes]] = {
    "json": history_json,
    "markdown": history_markdown,
    "chart": _chart,
}
"""What a history can be written as."""


def history(project: Project, name: str, outputs: Mapping[str, str], say: Callable[[str], None]) -> ExitCode:
    """Shows the runs of a matrix, and writes the files of `outputs`: paths by names of RENDERERS.

    Raises:
        MatrixError: there is no such matrix.
        NothingSelectedError: no variant has two runs that can be compared.
        ResultError: records cannot be read.
    """
    matrix, _ = load_kept(project, name, prove=False)
    found = pasts(runs_of_variants(project, matrix))
    if not found:
        raise NothingSelectedError(
            f"no variant of {matrix.name} has two runs that can be compared",
            hint=f"There is a history after a change, when `doit matrix {matrix.name}` has run again.",
        )
    say(history_text(found))
    write_outputs(outputs, lambda kind: RENDERERS[kind](matrix.name, found), say)
    return ExitCode.OK
