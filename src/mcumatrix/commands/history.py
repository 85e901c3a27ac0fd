"""`doit history`: runs of a matrix over time, and where layers changed."""

from collections.abc import Callable, Mapping, Sequence

from mcumatrix import registry
from mcumatrix.actions import runs_of_variants
from mcumatrix.commands.outputs import write_outputs
from mcumatrix.commands.report import load_kept
from mcumatrix.errors import ExitCode, NothingSelectedError
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.report.content.history import Past, pasts
from mcumatrix.report.content.history_chart import history_charts
from mcumatrix.report.render.charts.svg import svg_file
from mcumatrix.report.render.history import history_json, history_markdown, history_text
from mcumatrix.results.kept import OverTime


def _chart(_matrix: str, found: tuple[Past, ...]) -> bytes:
    (chart,) = history_charts(found)
    return svg_file(chart)


RENDERERS: Mapping[str, Callable[[str, tuple[Past, ...]], bytes]] = {
    "json": history_json,
    "markdown": history_markdown,
    "chart": _chart,
}
"""What a history can be written as."""


def history(
    project: Project,
    name: str,
    outputs: Mapping[str, str],
    say: Callable[[str], None],
    *,
    with_commits: bool = False,
) -> ExitCode:
    """Shows the runs of a matrix, and writes the files of `outputs`: paths by names of RENDERERS.

    `with_commits` adds those that are in earlier commits of git alone.

    Raises:
        MatrixError: there is no such matrix, or git cannot tell what was committed.
        NothingSelectedError: no variant has two runs that can be compared.
        ResultError: records cannot be read.
    """
    matrix, _ = load_kept(project, name, prove=False)
    over_time, notes = _over_time(project, matrix, with_commits=with_commits)
    found = pasts(over_time.records)
    if not found:
        raise NothingSelectedError(
            f"no variant of {matrix.name} has two runs that can be compared",
            hint=f"There is a history after a change, when `doit matrix {matrix.name}` has run again.",
        )
    say(history_text(found))
    for note in notes:
        say(note)
    write_outputs(outputs, lambda kind: RENDERERS[kind](matrix.name, found), say)
    return ExitCode.OK


def _over_time(project: Project, matrix: Matrix, *, with_commits: bool) -> tuple[OverTime, Sequence[str]]:
    """All records, those of earlier commits too if asked for, and what a reader has to know about these."""
    if not with_commits:
        return runs_of_variants(project, matrix), ()
    notes = []
    with registry.revisions.committed_files(project.results(matrix.name) / "records") as before:
        found = runs_of_variants(project, matrix, before)
        if not before.is_whole:
            notes.append("There are earlier commits that were not looked at.")
    if found.left_out:
        notes.append(f"Of earlier commits {found.left_out} records or chains are not as they were kept.")
    return found, notes
