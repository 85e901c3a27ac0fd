"""The work of one matrix: its jobs, what executes them, and how it goes in this run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from threading import TIMEOUT_MAX, Event, Lock, Timer
from typing import TYPE_CHECKING

from mcumatrix import registry
from mcumatrix.errors import (
    BuildError,
    ChangedResultError,
    McuMatrixError,
    ModelError,
    ResultError,
    SourceError,
    TimeLimitError,
    TooLargeError,
    ToolError,
)
from mcumatrix.executors.choice import find_executor
from mcumatrix.executors.runs import Runs
from mcumatrix.health import Health, health_variants, last_tests
from mcumatrix.matrix.selection import Selection
from mcumatrix.model.catalogue import Board, Toolchain
from mcumatrix.model.record import Status
from mcumatrix.model.reproduction import Reproduction
from mcumatrix.model.results import MatrixResults, VariantRuns
from mcumatrix.model.schedule import Slot
from mcumatrix.model.variant import Matrix, Variant
from mcumatrix.ports import Builder
from mcumatrix.progress.display import Display, Lines
from mcumatrix.project import Project
from mcumatrix.registry.boards import Boards
from mcumatrix.registry.builders import Builders
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.inputs import InputsStore
from mcumatrix.results.published import read_publications
from mcumatrix.results.reproductions import ReproductionStore
from mcumatrix.results.store import HEALTH_FOLDER, RecordStore
from mcumatrix.stages.record import status_of
from mcumatrix.stages.retry import Retries
from mcumatrix.stages.time_limit import TimeLimit
from mcumatrix.units import format_duration
from mcumatrix.workflow import (
    Job,
    catalogues_of,
    known_records,
    plan_jobs,
    recorded_compilers,
    report_fingerprint,
    require_proved,
    what_is_left,
)

if TYPE_CHECKING:
    from mcumatrix.report.content.report import Report
    from mcumatrix.running import Bench


_HEALTH_LOCK = Lock()
"""So that tasks side by side do not work out the same."""


class PartLocks:
    """One builder at a time for each part of an image, by the part's name."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Within this, nobody else makes the part."""
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            yield


class Failures:
    """What has gone wrong with the parts of images until now.

    A variant may have several parts that fail, at once and in any order. It gets one record that names all of
    them, when nothing more can come of the others.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_part: dict[str, McuMatrixError] = {}
        self._reported: set[str] = set()

    def add(self, part: str, failure: McuMatrixError) -> None:
        """Takes notice of a part that could not be made."""
        with self._lock:
            self._by_part[part] = failure

    def settled(self, job: Job) -> McuMatrixError | None:
        """What keeps a job from having an image, once all of its parts were tried; only the first who asks is
        told."""
        with self._lock:
            rendered = self._by_part.get(job.rendered.folder.name)
            failed = {library.name: self._by_part.get(library.name) for library in job.libraries}
            # It is not even tried where its sources could not be made.
            failed[job.model.name] = failed[job.model.name] or rendered
            found = [error for error in failed.values() if error]
            if image := self._by_part.get(job.image.name):
                found = [image]
            if not found or job.variant.slug in self._reported:
                return None
            if any(not failed[library.name] and not library.is_done() for library in job.libraries):
                return None
            self._reported.add(job.variant.slug)
        return found[0] if len(found) == 1 else _together(found)


def _together(failures: Sequence[McuMatrixError]) -> McuMatrixError:
    """Several failures as one; where one of them says nothing about the variant, it is that one."""
    for failure in failures:
        if status_of(failure) is None:
            return failure
    return BuildError("; and ".join(error.message for error in failures), hint=failures[0].hint)


@dataclass(frozen=True)
class Work:
    """A matrix, a job for each of its variants that can have one, and what executes them.

    `hindered` has by their slugs why the others have none. `say` gets a line when something takes long.
    """

    project: Project
    matrix: Matrix
    jobs: tuple[Job, ...]
    hindered: Mapping[str, McuMatrixError]
    builders: Builders
    boards: Boards
    runs: Runs
    say: Callable[[str], None]
    retries: Retries = field(default_factory=Retries)
    again: bool = False
    """Whether all is to be built and run, whatever results there are."""
    hindrances: dict[str, McuMatrixError] = field(default_factory=dict)
    """By their slugs, what kept variants with a job from being tried, or their results from being kept: it is
    in no record."""
    unreported: list[McuMatrixError] = field(default_factory=list)
    """Why the report is not made."""
    reported: "list[Report]" = field(default_factory=list)
    """The report, where it was made in this run."""
    concluded: "list[tuple[MatrixResults, str]]" = field(default_factory=list)
    """The results at the end of this run, once they are known, and the fingerprint of their report."""
    plan_health: Callable[[], Mapping[str, Job]] = dict
    """Works out `health_jobs`."""
    part_locks: PartLocks = field(default_factory=PartLocks)
    failures: Failures = field(default_factory=Failures)
    """What has gone wrong with parts of images until now."""
    is_over: Event = field(default_factory=Event)
    """Set when the time of the matrix is over: nothing new is begun."""

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """Within this, all that is at work is ended when the time of the matrix is over."""

        def end() -> None:
            self.is_over.set()
            self.boards.stopped.set()
            self.builder.stop()

        timer = Timer(min(self.matrix.limits.matrix_s, TIMEOUT_MAX), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def within_time(self) -> Iterator[None]:
        """Raises:
        TimeLimitError: the time of the matrix is over, or ended what was done inside.
        """
        limit = format_duration(self.matrix.limits.matrix_s)
        over = TimeLimitError(
            f"the time limit of the matrix, {limit}, is over",
            hint="Run it again to go on from there, or give it more under time_limits.",
        )
        if self.is_over.is_set():
            raise over
        try:
            yield
        except McuMatrixError as error:
            raise (over if self.is_over.is_set() else error) from error

    @property
    def builder(self) -> Builder:
        """What executes the plans."""
        return self.builders.chosen

    @cached_property
    def store(self) -> RecordStore:
        """The records of the matrix."""
        return known_records(self.project, self.matrix.name)

    @cached_property
    def health_jobs(self) -> Mapping[str, Job]:
        """What tests the units of a board before they are measured on, by the board's name."""
        with _HEALTH_LOCK:
            return self.plan_health()

    @cached_property
    def bench(self) -> "Bench":
        """What runs have in common."""
        from mcumatrix.running import Bench

        health = Health(
            self.health_jobs,
            RecordStore(self.project.results(self.matrix.name) / HEALTH_FOLDER),
            [
                folder
                for folder in sorted(self.project.results("").glob(f"*/{HEALTH_FOLDER}"))
                if folder.parent.name != self.matrix.name
            ],
        )
        return Bench(
            self.matrix,
            self.store,
            self.boards,
            self.runs,
            health,
            self.retries,
            self.say,
            self.boards.stopped.wait,
            self.display.placed,
        )

    @cached_property
    def display(self) -> Display:
        """What shows how far the work is: whoever hears its lines, where that is one."""
        return self.say if isinstance(self.say, Display) else Lines(self.say, self.say)

    @cached_property
    def _limits(self) -> dict[str, TimeLimit]:
        return {job.variant.slug: TimeLimit(job.variant.limit_s) for job in self._all_jobs}

    @property
    def _all_jobs(self) -> tuple[Job, ...]:
        return (*self.jobs, *self.health_jobs.values())

    def limit_of(self, job: Job) -> TimeLimit:
        """The time that a variant has for all that is done for it in this run."""
        return self._limits[job.variant.slug]

    def keep_failure(
        self, jobs: Iterable[Job], part: str = "", failure: McuMatrixError | None = None
    ) -> None:
        """Keeps a record for each job of which a part has failed and nothing more can come of the others; a
        failure that says nothing about the variant is a hindrance. `part` is the one that failed now."""
        from mcumatrix.running import record_failure

        if failure:
            self.failures.add(part, failure)
        for job in jobs:
            error = self.failures.settled(job)
            if error is None:
                continue
            try:
                if not record_failure(job, self.bench, error):
                    self.hindrances[job.variant.slug] = error
            except ResultError as lost:
                self.hindrances[job.variant.slug] = lost

    def prepare_test(self, board: Board) -> None:
        """Makes the image that tests the units of a board, if it is not there; says so where it cannot be."""
        from mcumatrix import actions

        job = self.health_jobs.get(board.name)
        if job is None:
            return
        with self.part_locks.held(job.image.name):
            if job.image.is_done() or board.name in self._untested:
                return
            try:
                actions.build_all(self.project, job, self.builder, self.say, self.part_locks.held)
            except McuMatrixError as error:
                self._untested.add(board.name)
                self.say(f"The units of {board.name} are not tested, because the image for it fails: {error}")

    @cached_property
    def _untested(self) -> set[str]:
        return set()

    def slots_of(self, job: Job) -> tuple[Slot, ...]:
        """The runs that a variant is due."""
        return self.matrix.schedule.slots_of(job.variant.slug)

    def is_due(self, job: Job) -> bool:
        """Whether anything is left to do for a variant."""
        return self.again or bool(what_is_left(job, self.store, self.slots_of(job)))

    def phases(self, jobs: Sequence[Job]) -> list[list[str]]:
        """The names of the tasks that run some variants, in the order in which they are begun; what is in one
        phase ends before the next begins."""
        phases = self.matrix.schedule.phases([job.variant.slug for job in jobs])
        return [[f"run:{slug}{slot.suffix}" for slug, slot in phase] for phase in phases]

    def results(self) -> MatrixResults:
        """The newest records of each variant, from its present inputs, and what else a report is made of."""
        tests = last_tests(self.project.results(self.matrix.name))
        return MatrixResults(
            runs=_Runs(self),
            told_sha256={
                job.variant.slug: tuple(
                    known.told_sha256 for slot in self.slots_of(job) if (known := job.known(self.store, slot))
                )
                for job in self.jobs
            },
            reproductions=tuple(self.reproductions()),
            untried=self.untried(),
            refused=self.refused,
            health=tests.records,
            unbelieved=tuple(self._published(f"not believed: {error.message}") for error in tests.unreadable),
        )

    def conclude(self) -> tuple[MatrixResults, str]:
        """The results that there are now, and the fingerprint of their report, when all runs have ended."""
        results = self.results()
        self.concluded[:] = [(results, report_fingerprint(self.project, self.matrix, results))]
        return self.concluded[0]

    def concluded_once(self) -> tuple[MatrixResults, str]:
        """What `conclude` gave last; where nobody has asked yet, what it gives now."""
        return self.concluded[0] if self.concluded else self.conclude()

    @property
    def refused(self) -> dict[str, Status]:
        """By their slugs, the status of variants that are known to fail without being built."""
        return {
            slug: Status.TOO_LARGE
            for slug, error in self.hindered.items()
            if isinstance(error, TooLargeError)
        }

    def untried(self) -> dict[str, str]:
        """By their slugs, why variants have no result, in a line that can be published: with paths as they
        are in the project."""
        return {
            slug: self._published(without_result(error))
            for slug, error in {**self.hindered, **self.hindrances}.items()
        }

    def _published(self, text: str) -> str:
        """As a line that can be published: with paths as they are in the project."""
        return " ".join(self.project.with_names(text).split())

    def lost(self) -> list[McuMatrixError]:
        """What kept results of this run from being kept."""
        return [error for error in self.hindrances.values() if _is_lost(error)]

    def _job_of_each_variant(self) -> list[Job | None]:
        by_slug = {job.variant.slug: job for job in self.jobs}
        return [by_slug.get(variant.slug) for variant in self.matrix.variants]

    @cached_property
    def inputs_store(self) -> InputsStore:
        """What the results of the matrix were made from."""
        return InputsStore(self.project.results(self.matrix.name) / INPUTS)

    @cached_property
    def reproduction_store(self) -> ReproductionStore:
        """What came of building images of the matrix again."""
        return ReproductionStore(self.project.results(self.matrix.name) / "reproductions")

    def reproductions(self) -> list[Reproduction | None]:
        """The newest reproduction of the present image of each variant."""
        return [
            self.reproduction_store.newest(job.variant.slug, job.image.plan.fingerprint) if job else None
            for job in self._job_of_each_variant()
        ]

    def selected(self, selection: Selection) -> tuple[Job, ...]:
        """The jobs of the variants that `slugs` gives."""
        slugs = self.slugs(selection)
        return tuple(job for job in self.jobs if job.variant.slug in slugs)

    def slugs(self, selection: Selection) -> frozenset[str]:
        """The variants that are asked for.

        Raises:
            MatrixError: it is not an expression, or no share.
            NothingSelectedError: no variant is asked for.
        """
        return frozenset(variant.slug for variant in selection.of(self.matrix.variants))


class _Runs(Mapping[str, VariantRuns]):
    """By their slugs, the last records of variants, each read when it is asked for: seldom is any."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._jobs = {job.variant.slug: job for job in work.jobs}
        self._read: dict[str, VariantRuns] = {}

    def __getitem__(self, slug: str) -> VariantRuns:
        if slug not in self._read:
            job = self._jobs[slug]
            self._read[slug] = job.runs(self._work.store, self._work.slots_of(job))
        return self._read[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)


def without_result(error: McuMatrixError) -> str:
    """Why a variant has no result, as a line."""
    return error.message if _is_lost(error) else f"not tried: {error.message}"


def _is_lost(error: McuMatrixError) -> bool:
    """Whether it is about a result that was there for a moment."""
    return isinstance(error, ResultError) and not isinstance(error, ChangedResultError)


def load_work(
    project: Project,
    matrix_name: str,
    builder: str,
    say: Callable[[str], None],
    *,
    wait: bool = True,
    retries: Retries | None = None,
    again: bool = False,
    cluster: str = "",
) -> Work:
    """Reads and expands a matrix, and plans what there is to do.

    `builder` is one of `registry.builders.BUILDERS`; `say` gets a line when something takes long. Without
    `wait`, a board that somebody else uses is an error; `retries` is for runs that infrastructure spoils.
    Results that are there count, with a compiler that cannot be had too, unless all is to be done `again`.
    `cluster` is the address of a Dask scheduler, or `local:4`; without it, all is done on this machine.

    Raises:
        MatrixError, ToolError, ModelError, PublishedError: as their messages say.
    """
    from mcumatrix.matrix.load import find_matrix, load_matrix

    path = find_matrix(matrix_name, project.matrix_folders)
    catalogues = catalogues_of(project)
    with ExitStack() as opened:
        executor = find_executor(cluster, builder, project, catalogues.boards.values(), say)
        opened.callback(executor.close)
        builders = executor.builders
        if not again:
            recorded = partial(recorded_compilers, project, path.stem, catalogues.boards)
            builders = replace(
                builders, chosen=registry.builders.recorded_compilers(builders.chosen, recorded, say)
            )

        def can_be_had(toolchain: Toolchain) -> bool:
            try:
                builders.chosen.identity(toolchain, ())
            except (ToolError, SourceError) as error:
                say(f"Toolchain {toolchain.name} cannot be had: {error}")
                return False
            return True

        matrix = load_matrix(path, catalogues, can_be_had)
        # Before hours of work, not after them.
        read_publications(matrix.published, project.published_folders)
        boards = Boards(project.boards, wait=wait, say=say)
        planned = plan_jobs(project, matrix.variants, builders.chosen, boards)
        work = Work(
            project,
            matrix,
            planned.jobs,
            planned.hindered,
            builders,
            boards,
            executor.runs(boards),
            say,
            retries or Retries(),
            again,
            plan_health=cache(
                lambda: _health_jobs(
                    project, health_variants(matrix, catalogues, project), builders.chosen, boards
                )
            ),
        )
        changed = _not_as_kept(work)
        jobs = tuple(job for job in work.jobs if job.variant.slug not in changed)
        # Whoever has it closes it from now on.
        opened.pop_all()
    return replace(work, jobs=jobs, hindered={**work.hindered, **changed})


def _health_jobs(
    project: Project, variants: Sequence[Variant], builder: Builder, boards: Boards
) -> dict[str, Job]:
    """What there is to do for the images that test the units of boards, by the boards' names."""
    if not variants:
        return {}
    try:
        planned = plan_jobs(project, variants, builder, boards)
    except McuMatrixError:
        # Whatever it is, the variants of the boards say it too, or can do without.
        return {}
    return {job.variant.board.name: job for job in planned.jobs}


def _not_as_kept(work: Work) -> dict[str, McuMatrixError]:
    """By their slugs, why nothing is done for variants whose result was changed, or what it must be.

    To measure again would hide it.
    """
    found: dict[str, McuMatrixError] = {}
    golden_of = cache(registry.answers.golden_case)  # reading one takes longer than all the rest
    for job in work.jobs:
        try:
            require_proved(job, work.store, work.slots_of(job), golden_of)
        except (ResultError, ModelError, SourceError, ToolError) as error:
            found[job.variant.slug] = error
    with suppress(ResultError):
        work.store.remember()
    return found
