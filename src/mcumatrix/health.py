"""Which units of boards are fit to be measured on, in one run of a matrix, and the evidence for it.

A unit is tested by an image of which the answer and the cycles are known: the project's own small runtime
with its smallest model, built by the same stages as everything else. Each test is a record with its raw log,
in `results/<matrix>/health`, with a chain of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from mcumatrix import registry
from mcumatrix.errors import McuMatrixError, ModelError
from mcumatrix.model.catalogue import Board, Catalogues, DigitInput, Element, Model, Runtime
from mcumatrix.model.record import Record, Status
from mcumatrix.model.schedule import Slot
from mcumatrix.model.variant import Matrix, Variant
from mcumatrix.project import Project
from mcumatrix.results.kept import newest_records
from mcumatrix.results.store import HEALTH_FOLDER, MEND, RecordStore, read_raw_log
from mcumatrix.stages.evidence import differences_from_log, require_none
from mcumatrix.workflow import Job

PREFIX = "health_"
"""What the slug of an image that tests a board begins with; the board's name follows."""

_RUNTIME_ADAPTER = "builtin"
_ELEMENT = Element.INT8
"""The shortest inference of those that the runtime has: a test costs each unit this once in every run."""


def health_variants(matrix: Matrix, catalogues: Catalogues, project: Project) -> list[Variant]:
    """What tests the units of each board of a matrix, at the lowest clock that the matrix has for it.

    A board that is not to be tested has none, and no board has one where the project has no such runtime, or
    no model for it.
    """
    runtimes = [one for one in catalogues.runtimes.values() if one.adapter == _RUNTIME_ADAPTER]
    runtime = next((one for one in runtimes if _ELEMENT in one.elements), None)
    if not matrix.health or runtime is None:
        return []
    model = _smallest(catalogues.models.values(), runtime, project)
    if model is None:
        return []
    of_boards: dict[str, list[Variant]] = {}
    for variant in matrix.variants:
        if variant.board.health:
            of_boards.setdefault(variant.board.name, []).append(variant)
    return [
        Variant(
            slug=f"{PREFIX}{board}",
            runtime=runtime,
            kernels=runtime.kernels[-1],
            clock_hz=min(variant.clock_hz for variant in variants),
            model=model,
            toolchain=variants[0].toolchain,
            board=variants[0].board,
            repeat=1,
            warmup=0,
            limit_s=variants[0].limit_s,
        )
        for board, variants in of_boards.items()
    ]


def _smallest(models: Iterable[Model], runtime: Runtime, project: Project) -> Model | None:
    """The smallest model that the runtime runs: one for digits, which it was made for, if there is any, and
    none that would have to be fetched."""

    def order(found: tuple[Model, Path]) -> tuple[bool, int, str]:
        model, file = found
        return not isinstance(model.input, DigitInput), file.stat().st_size, model.name

    candidates = [
        (one, one.file)
        for one in models
        if one.element is _ELEMENT and not one.is_hybrid and one.file is not None and one.file.is_file()
    ]
    return next((one for one, file in sorted(candidates, key=order) if _runs(runtime, file, project)), None)


def _runs(runtime: Runtime, file: Path, project: Project) -> bool:
    try:
        contents = registry.models.read_model_file(file)
    except ModelError:
        return False
    return not registry.runtimes.refusal(runtime, contents, project.firmware, project.templates)


@dataclass(slots=True)
class _UnitState:
    """The tests that a unit has failed in this run of a matrix; it `rests` while somebody pauses after the
    last of them."""

    failed: tuple[str, ...] = ()
    rests: bool = False


@dataclass(slots=True)
class Health:
    """Which units are fit, in this run of a matrix, and the records of the tests of that.

    `jobs` have the image that tests the units of a board, by the board's name; a board without one is not
    tested. `others` are the folders of such records of other matrices: a unit has one history.
    """

    jobs: Mapping[str, Job]
    store: RecordStore
    others: Sequence[Path] = ()
    keeping: Lock = field(default_factory=Lock)
    """Held while the outcome of a test is kept: several tasks may have tested a unit at once."""
    _units: dict[tuple[str, str], _UnitState] = field(default_factory=dict)
    _fit: dict[str, frozenset[str]] = field(default_factory=dict)
    """By board, the units that are fit: each run asks for them, and few change them."""
    _lock: Lock = field(default_factory=Lock)

    def test_of(self, board: Board) -> Job | None:
        """What shows that a unit of a board is fit; None where nothing does."""
        job = self.jobs.get(board.name)
        # One that could not be built tests nothing; who builds it has said so.
        return job if job and job.image.is_done() else None

    def fit_units(self, board: Board) -> frozenset[str]:
        """The units of a board on which nothing has to be run before anything else."""
        return self._fit.get(board.name, frozenset())

    def suspect(self, board: Board, unit: str) -> None:
        """Has a unit tested before anything else is run on it."""
        self._set_fit(board, unit, is_fit=False)

    def _set_fit(self, board: Board, unit: str, *, is_fit: bool) -> None:
        with self._lock:
            others = self.fit_units(board) - {unit}
            self._fit[board.name] = others | {unit} if is_fit else others

    def note(self, board: Board, unit: str, record: Record) -> None:
        """Takes notice of a test's outcome; after a failure the unit rests, until `rested` says otherwise."""
        state = self._state(board, unit)
        is_fit = record.status is Status.OK
        self._set_fit(board, unit, is_fit=is_fit)
        if is_fit:
            state.failed = ()
        elif not state.rests:
            state.failed = (*state.failed, record.name)
        state.rests = not is_fit

    def rested(self, board: Board, unit: str, test: str) -> None:
        """Takes notice of the end of the pause after a failed test, by its record's name: what comes next is
        another attempt."""
        state = self._state(board, unit)
        if state.failed[-1:] == (test,):
            state.rests = False

    def failed_tests(self, board: Board, unit: str, *, passed: bool) -> tuple[str, ...]:
        """The names of the records of the attempts that a unit has failed one after the other before a test.

        What fails while the unit rests is the same attempt as the one before: several tasks that test it at
        once are not as many attempts, and nobody waited between them. What has `passed` comes after all that
        failed.
        """
        state = self._state(board, unit)
        return state.failed[:-1] if state.rests and not passed else state.failed

    def earlier(self, job: Job, unit: str) -> list[Record]:
        """All tests of a unit with the same image in this project, oldest first.

        Raises:
            ResultError: one is not as it was kept, or not what its log says, or cannot be read.
        """
        found: list[Record] = []
        for store in (self.store, *map(RecordStore, self.others)):
            records = store.all_of(job.variant.slug, job.run_fingerprint, Slot(unit=unit))
            require_proved(store, records)
            found += records
        return sorted(found, key=lambda record: record.finished_at)

    def _state(self, board: Board, unit: str) -> _UnitState:
        with self._lock:
            return self._units.setdefault((board.name, unit), _UnitState())


@dataclass(frozen=True, slots=True)
class LastTests:
    """The last test of each unit that the variants of a matrix ran on, and why others cannot be believed."""

    records: tuple[Record, ...] = ()
    unreadable: tuple[McuMatrixError, ...] = ()


def last_tests(results: Path) -> LastTests:
    """What `results/<matrix>` has of them, each held against its raw log."""
    store = RecordStore(results / HEALTH_FOLDER)
    try:
        kept = newest_records(results / HEALTH_FOLDER)
    except McuMatrixError as error:
        return LastTests(unreadable=(error,))
    believed: list[Record] = []
    unreadable = list(kept.unreadable.values())
    for runs in kept.runs.values():
        try:
            require_proved(store, runs.all)
        except McuMatrixError as error:
            unreadable.append(error)
        else:
            believed += runs.all
    ordered = sorted(believed, key=lambda record: (record.variant, record.slot.unit))
    return LastTests(tuple(ordered), tuple(unreadable))


def require_proved(store: RecordStore, records: Iterable[Record]) -> None:
    """Holds records against their raw logs.

    Raises:
        ChangedResultError: one is not what its log says.
        ResultError: a log cannot be read.
    """
    for record in records:
        file = store.path_of(record)
        require_none(file, list(differences_from_log(record, read_raw_log(file))), MEND)
