"""`doit report`: reports from records, or from numbers that others published."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from mcumatrix import registry
from mcumatrix.actions import REPORT_FILES, report_of, write_report, write_report_files
from mcumatrix.errors import (
    ExitCode,
    MatrixError,
    McuMatrixError,
    NothingSelectedError,
    PublishedError,
)
from mcumatrix.health import last_tests
from mcumatrix.matrix.load import find_matrix, load_matrix
from mcumatrix.model.catalogue import Model, Toolchain
from mcumatrix.model.results import MatrixResults
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.report.content.publication import make_publication_report
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import Case, cases_of_results
from mcumatrix.report.render.formats import render_files
from mcumatrix.report.render.terminal import report_text
from mcumatrix.results.kept import Kept, newest_records
from mcumatrix.results.published import find_publication, read_publication
from mcumatrix.results.reproductions import ReproductionStore
from mcumatrix.results.store import MEND, read_raw_log, read_trace
from mcumatrix.stages.evidence import (
    differences_from_golden,
    differences_from_log,
    differences_from_trace,
    require_none,
)
from mcumatrix.workflow import catalogues_of


def report(project: Project, name: str, say: Callable[[str], None]) -> ExitCode:
    """Writes the report of a matrix or of published numbers, and shows it; `say` gets the lines.

    Raises:
        MatrixError, PublishedError: there is no matrix and no publication of this name, or it is wrong.
        NothingSelectedError: the matrix has no records.
        ResultError: records cannot be read.
    """
    if path := publication_path(project, name):
        return _of_publication(project, path, say)
    return _of_matrix(project, name, say)


def made_report(project: Project, name: str) -> Report:
    """The report that a name stands for, as `report` makes it. Raises as that does."""
    if path := publication_path(project, name):
        return make_publication_report(read_publication(path))
    matrix, kept = load_kept(project, name)
    if not kept.records:
        raise _no_records(project, matrix)
    return report_of(project, matrix, results_of(project, matrix, kept))


def _no_records(project: Project, matrix: Matrix) -> NothingSelectedError:
    return NothingSelectedError(
        f"there are no records of {matrix.name} in {os.path.relpath(project.results(matrix.name))}",
        hint=f"`doit matrix {matrix.name}` makes them.",
    )


def publication_path(project: Project, name: str) -> Path | None:
    """The file of published numbers that a name stands for; None if it stands for a matrix."""
    try:
        return find_publication(name, project.published_folders)
    except PublishedError:
        return None


def _of_publication(project: Project, path: Path, say: Callable[[str], None]) -> ExitCode:
    made = make_publication_report(read_publication(path))
    folder = path.with_suffix("")
    say(report_text(made))
    say("")
    names = write_report_files(folder, render_files(made, project.templates))
    for name in REPORT_FILES:
        if name in names:
            say(os.path.relpath(folder / name))
    return ExitCode.OK


def written_report(project: Project, name: str) -> tuple[Report, Kept]:
    """The report of a matrix, whose files are made unless they are there, and what it is made of.

    Raises as `report` does.
    """
    matrix, kept = load_kept(project, name)
    if not kept.records and not kept.unreadable:
        raise _no_records(project, matrix)
    return write_report(project, matrix, results_of(project, matrix, kept)), kept


def _of_matrix(project: Project, name: str, say: Callable[[str], None]) -> ExitCode:
    report, kept = written_report(project, name)
    folder = project.results(report.title)
    say(report_text(report))
    say("")
    for file in REPORT_FILES:
        say(os.path.relpath(folder / file))
    for error in kept.unreadable.values():
        say(f"not believed: {error}")
    return max((error.exit_code for error in kept.unreadable.values()), default=ExitCode.OK)


def load_kept(project: Project, name: str, *, prove: bool = True) -> tuple[Matrix, Kept]:
    """A matrix and its records. Where it names a substitute for a toolchain, its records say which was used.

    Each record is held against its raw log and the golden answers, unless whoever asks does that.

    Raises:
        MatrixError: there is no such matrix, or it is wrong.
        ResultError: the records cannot be read.
    """
    path = find_matrix(name, project.matrix_folders)
    kept = newest_records(project.results(path.stem) / "records")
    used = {record.axes.get("toolchain") for record in kept.records.values()}

    def was_had(toolchain: Toolchain) -> bool:
        return not used or toolchain.name in used

    matrix = load_matrix(path, catalogues_of(project), was_had)
    if not prove:
        return matrix, kept
    models = {variant.slug: variant.model for variant in matrix.variants}
    return matrix, proved(kept, project.results(path.stem) / "records", models)


def proved(kept: Kept, folder: Path, models: Mapping[str, Model]) -> Kept:
    """Without the records that are not what their raw logs and the golden answers say."""
    golden = cache(registry.answers.golden_case)
    refuted: dict[str, McuMatrixError] = {}
    for slug, runs in kept.runs.items():
        if slug not in models:
            continue
        try:
            for record in runs.all:
                file = folder / slug / f"{record.name}.json"
                log = read_raw_log(file)
                found = [
                    *differences_from_log(record, log),
                    *differences_from_golden(record, log, golden(models[slug], record.asked)),
                    *differences_from_trace(record, read_trace(file, record)),
                ]
                require_none(file, found, MEND)
        except McuMatrixError as error:
            refuted[slug] = error
    believed = {slug: runs for slug, runs in kept.runs.items() if slug not in refuted}
    return Kept(believed, {**kept.unreadable, **refuted})


def cases_of(project: Project, name: str) -> tuple[Matrix, list[Case]]:
    """The cases of a matrix, from its records alone. Raises as `load_kept` does."""
    matrix, kept = load_kept(project, name)
    if not kept.records:
        raise MatrixError(
            f"there are no records of {matrix.name}", hint=f"`doit matrix {matrix.name}` makes them."
        )
    return matrix, cases_of_results(matrix, results_of(project, matrix, kept), registry.models.least_cycles)


def results_of(project: Project, matrix: Matrix, kept: Kept) -> MatrixResults:
    """What there is of the variants of a matrix, and why the rest cannot be shown."""
    store = ReproductionStore(project.results(matrix.name) / "reproductions")
    records = [kept.records.get(variant.slug) for variant in matrix.variants]
    tests = last_tests(project.results(matrix.name))
    return MatrixResults(
        runs=kept.runs,
        reproductions=tuple(
            store.newest_of_image(record.variant, record.image.elf_sha256)
            if record and record.image
            else None
            for record in records
        ),
        untried={slug: _line(project, error) for slug, error in kept.unreadable.items()},
        health=tests.records,
        unbelieved=tuple(_line(project, error) for error in tests.unreadable),
    )


def _line(project: Project, error: McuMatrixError) -> str:
    message = " ".join(project.with_names(error.message).split())
    return f"not believed: {message}"
