"""Where results may come from: a matrix, a folder of results, or published numbers."""

from pathlib import Path

from mcumatrix.commands.report import cases_of, publication_path
from mcumatrix.errors import NothingSelectedError
from mcumatrix.health import require_proved
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.report.content.findings.printed import trusted
from mcumatrix.report.content.gate import Origin, ResultSet
from mcumatrix.report.content.tables import Case
from mcumatrix.report.content.timings import timings_of_cases
from mcumatrix.results.kept import newest_records
from mcumatrix.results.published import read_publication
from mcumatrix.results.store import RecordStore


def load_results(project: Project, name: str) -> tuple[ResultSet, Matrix | None]:
    """The results that a name stands for, and the matrix that they are of if it is one of this project.

    A path of a folder with `records` in it is taken for results of anywhere; then come published numbers, by
    their name or their CSV file, and then matrices.

    Raises:
        McuMatrixError: there are none, or they cannot be read or believed.
    """
    folder = Path(name)
    if (folder / "records").is_dir():
        kept = newest_records(folder / "records")
        for error in kept.unreadable.values():
            raise error
        require_proved(
            RecordStore(folder / "records"), (one for runs in kept.runs.values() for one in runs.all)
        )
        cases = [
            Case(number, standing.variant, standing.axes, standing, further=runs.further)
            for number, runs in enumerate(kept.runs.values(), 1)
            if (standing := runs.standing)
        ]
        return _with_times(name, cases), None
    if path := publication_path(project, name):
        publication = read_publication(path)
        return ResultSet(publication.name, trusted(publication).timings), None
    matrix, cases = cases_of(project, name)
    return _with_times(matrix.name, cases), matrix


def _with_times(name: str, cases: list[Case]) -> ResultSet:
    timings = timings_of_cases(cases)
    if not timings:
        raise NothingSelectedError(f"no case of {name} has times", hint="Its report says why.")
    origins = {case.label: Origin(case.variant, case.record.fingerprint) for case in cases if case.record}
    return ResultSet(name, timings, origins)
