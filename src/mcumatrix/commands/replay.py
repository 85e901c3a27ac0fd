"""`doit replay`: records made again from their raw logs, and reports from the records, byte for byte."""

import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from mcumatrix import registry
from mcumatrix.actions import report_of
from mcumatrix.commands.report import load_kept, results_of
from mcumatrix.errors import ExitCode, McuMatrixError, NothingSelectedError
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.record import Record
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.report.render.formats import render_files
from mcumatrix.results.kept import Kept
from mcumatrix.results.store import read_raw_log, read_trace, to_json
from mcumatrix.stages.evidence import in_words
from mcumatrix.stages.replay import differences, replay

SAME = "the same, byte for byte"
SAME_VALUES = "the same in every value; it was written by another version of mcumatrix"
NOT_REPLAYED = "not replayed"


def replay_results(project: Project, name: str, say: Callable[[str], None]) -> ExitCode:
    """Makes the last record of each variant again, and the reports; says of each file whether it is the same.

    Nothing is written. Runs that failed before there was a measurement have nothing in their logs to be made
    again from; they are named.

    Raises:
        MatrixError: there is no such matrix.
        NothingSelectedError: it has no records.
        ResultError: they cannot be read.
    """
    matrix, kept = load_kept(project, name, prove=False)
    if not kept.records and not kept.unreadable:
        raise NothingSelectedError(
            f"there are no records of {matrix.name}", hint=f"`doit matrix {matrix.name}` makes them."
        )
    found = [*_records(project, matrix, kept), *_reports(project, matrix, kept)]
    for path, outcome in found:
        say(f"{os.path.relpath(path)}: {outcome}")
    same = sum(outcome in {SAME, SAME_VALUES} for _, outcome in found)
    failed = sum(outcome.startswith(NOT_REPLAYED) for _, outcome in found)
    say(f"{same} of {len(found)} files are the same, {len(found) - same - failed} differ.")
    return ExitCode.OK if same + failed == len(found) else ExitCode.NOT_COMPARABLE


def _records(project: Project, matrix: Matrix, kept: Kept) -> Iterator[tuple[Path, str]]:
    folder = project.results(matrix.name) / "records"
    golden_of = cache(registry.answers.golden_case)
    for variant in matrix.variants:
        for record in kept.runs[variant.slug].all if variant.slug in kept.runs else ():
            file = folder / variant.slug / f"{record.name}.json"
            yield file, _replayed(record, file, partial(golden_of, variant.model, record.asked))
    for slug, error in kept.unreadable.items():
        yield folder / slug, f"not believed: {error.message}"


def _replayed(record: Record, file: Path, golden_case: Callable[[], GoldenCase]) -> str:
    if record.measurement is None:
        return f"{NOT_REPLAYED}: it has no measurement, but {record.status}: {record.reason}"
    try:
        said, golden = read_raw_log(file), golden_case()
        trace = read_trace(file, record)
        made = replay(record, said, golden, trace)
        if found := list(differences(record, made, said, golden, trace)):
            return f"its log gives another one: {in_words(found)}"
        is_same = to_json(made) == file.read_bytes()
    except (OSError, McuMatrixError) as error:
        return f"its log does not give it: {error}"
    return SAME if is_same else SAME_VALUES


def _reports(project: Project, matrix: Matrix, kept: Kept) -> Iterator[tuple[Path, str]]:
    report = report_of(project, matrix, results_of(project, matrix, kept))
    for name, made in render_files(report, project.templates):
        path = project.results(matrix.name) / name
        try:
            there = path.read_bytes()
        except FileNotFoundError:
            yield path, "it is not there; `doit report` makes it"
            continue
        yield (
            path,
            SAME
            if made == there
            else f"it differs from what its records give, from line {_line(made, there)} on",
        )


def _line(made: bytes, there: bytes) -> int:
    """The first line that differs."""
    pairs = zip(made.split(b"\n"), there.split(b"\n"), strict=False)
    return next((number for number, (ours, other) in enumerate(pairs, 1) if ours != other), 1)
