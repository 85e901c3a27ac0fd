"""`mcumatrix publish`: results in a folder that a web server can show, with a first page that leads to them.

Below the first page each matrix has its folder of results as it is, so that whoever downloads it can verify
it, and an archive.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcumatrix import registry
from mcumatrix.commands.archive import make_archive, sign_archive
from mcumatrix.commands.report import written_report
from mcumatrix.errors import ChangedResultError, NothingSelectedError
from mcumatrix.matrix.load import find_matrix
from mcumatrix.overlay import entries
from mcumatrix.project import Project
from mcumatrix.report.content.index import Entry, entry_of
from mcumatrix.report.render.index import render_index
from mcumatrix.results.archive import ENDING
from mcumatrix.results.site import write_site
from mcumatrix.storage import in_sentences

_PAGE = "index.html"
_NOT_JEKYLL = ".nojekyll"
"""Lets GitHub Pages show the files as they are: https://docs.github.com/pages, "Static site generators"."""

_OF_RESULTS = "results/"
"""What the names of results begin with in an archive."""

_REPORTS = ("report.md", "report.csv", "report.json")
"""Offered beside the page of a report."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is published of one matrix: its line of the first page, and files by names."""

    entry: Entry
    files: Mapping[str, Path]


def publish(
    project: Project,
    names: Sequence[str],
    to: Path,
    say: Callable[[str], None],
    sign_with: Path | None = None,
) -> None:
    """Publishes matrices, or all that have results, to the folder `to`; says what is there now.

    Nothing is written before all of it is known to be as it was made.

    Raises:
        MatrixError: there is no such matrix, or `to` has files of somebody else, see `write_site`.
        NothingSelectedError: there are no results.
        ChangedResultError: results are not as they were made.
        StorageError: a file cannot be read or written.
        ToolError: archives cannot be signed.
    """
    if sign_with:
        registry.signers.signer().require()
    matrices = [find_matrix(name, project.matrix_folders).stem for name in names] or _with_results(project)
    with tempfile.TemporaryDirectory() as aside:
        parts = [
            _part(project, matrix, Path(aside), say, sign_with) for matrix in sorted(dict.fromkeys(matrices))
        ]
        page = render_index([part.entry for part in parts], project.templates)
        files: dict[str, Path | bytes] = {_PAGE: page, _NOT_JEKYLL: b""}
        for part in parts:
            files |= part.files
        with in_sentences(f"{to} could not be published to", to.absolute(), "All results are as they were."):
            write_site(to, files)
    shown = f"{len(parts)} matrices" if len(parts) > 1 else f"matrix {parts[0].entry.title}"
    say(f"{os.path.relpath(to / _PAGE)}: {shown}, {len(files)} files")


def _with_results(project: Project) -> list[str]:
    """The matrices of a project of which there are records."""
    names = [path.stem for path in entries(project.matrix_folders, "*.yaml")]
    found = [name for name in names if (project.results(name) / "records").is_dir()]
    if not found:
        raise NothingSelectedError("there are no results to publish", hint="`doit matrix` makes them.")
    return found


def _part(
    project: Project, matrix: str, aside: Path, say: Callable[[str], None], sign_with: Path | None
) -> _Part:
    """The results of a matrix, whose archive is made in `aside`."""
    report, kept = written_report(project, matrix)
    if kept.unreadable:
        for error in kept.unreadable.values():
            say(f"not believed: {error}")
        raise ChangedResultError(
            f"the results of {matrix} are not published: they are not as they were made",
            hint="Restore what is named above, or remove it, so that it is measured again.",
        )
    archive = aside / f"{matrix}{ENDING}"
    contents = make_archive(project, matrix, archive, say)
    beside = [archive]
    if sign_with:
        beside.append(sign_archive(archive, sign_with))
    folder = f"{_OF_RESULTS}{matrix}/"
    files = {
        name.removeprefix(_OF_RESULTS): path
        for name, path in contents.files.items()
        if name.startswith(folder) and isinstance(path, Path)
    } | {f"{matrix}/{path.name}": path for path in beside}
    return _Part(entry_of(report, matrix, [*_REPORTS, *(path.name for path in beside)]), files)
