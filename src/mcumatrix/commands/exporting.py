"""`doit export`: results in the formats that other tools read."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import write_atomically
from mcumatrix.commands.report import load_kept, publication_path, results_of
from mcumatrix.errors import ExitCode, NothingSelectedError
from mcumatrix.model.exported import Exported, Revision
from mcumatrix.project import Project
from mcumatrix.report.content.export import exported_publication, exported_results
from mcumatrix.report.content.publication import make_publication_report
from mcumatrix.report.content.report import make_report
from mcumatrix.report.content.tables import cases_of_results
from mcumatrix.results.published import read_publication, read_publications


def export(
    project: Project,
    name: str,
    *,
    format_name: str,
    folder: str,
    commit: str,
    say: Callable[[str], None],
) -> ExitCode:
    """Writes the results of a matrix, or published numbers, for another tool; `say` gets the paths.

    `folder` is where to, empty for build/export/NAME/FORMAT; `commit` is the one that the results are of,
    empty for the project's present one.

    Raises:
        McuMatrixError: there is no such format, no such results, or none that could be believed.
    """
    exporter = registry.exporters.exporter(format_name)
    to = Path(folder) if folder else project.build / "export" / Path(name).stem / format_name
    revision = _revision(project, commit, to)
    results = _of(project, name, revision)
    if not results.cases:
        raise NothingSelectedError(f"no case of {name} has times", hint=f"`doit report {name}` says why.")
    for path, data in exporter.export(results).items():
        write_atomically(to / path, data)
        say(os.path.relpath(to / path))
    return ExitCode.OK


def _revision(project: Project, commit: str, to: Path) -> Revision | None:
    revision = registry.revisions.find_revision(project.root, commit)
    if revision is None:
        return None
    return replace(revision, repository=os.path.relpath(revision.repository, to))


def _of(project: Project, name: str, revision: Revision | None) -> Exported:
    if path := publication_path(project, name):
        publication = read_publication(path)
        return exported_publication(make_publication_report(publication), publication, revision)
    matrix, kept = load_kept(project, name)
    cases = cases_of_results(matrix, results_of(project, matrix, kept), registry.models.least_cycles)
    published = read_publications(matrix.published, project.published_folders)
    return exported_results(make_report(matrix, cases, published), cases, revision)
