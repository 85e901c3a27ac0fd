"""The pipeline as doit tasks: model -> library -> image -> run -> report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from threading import TIMEOUT_MAX, Event, Timer
from typing import Any

from doit.exceptions import TaskFailed

from mcumatrix import actions, registry
from mcumatrix.artifact import changed_outputs, is_current
from mcumatrix.errors import (
    ChangedResultError,
    McuMatrixError,
    ModelError,
    ResultError,
    SourceError,
    TimeLimitError,
    ToolError,
)
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.record import Record
from mcumatrix.model.reproduction import Reproduction
from mcumatrix.model.variant import Matrix
from mcumatrix.ports import Builder
from mcumatrix.project import Project
from mcumatrix.registry import Boards, Builders
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.inputs import InputsStore
from mcumatrix.results.published import read_publications
from mcumatrix.results.reproductions import ReproductionStore
from mcumatrix.results.store import RecordStore
from mcumatrix.stages.retry import Retries
from mcumatrix.storage import in_sentences
from mcumatrix.units import format_duration
from mcumatrix.workflow import (
    Build,
    Job,
    plan_jobs,
    recorded_compilers,
    report_fingerprint,
    require_proved,
    what_is_left,
)

Task = dict[str, Any]

DEFAULT_MATRIX = "quickstart"

GROUPS = {
    "model": "render models and digits as C sources",
    "library": "compile runtimes, firmware and models, once for all variants that share them",
    "build": "link the images of variants",
    "run": "run variants on their boards",
    "report": "make CSV and Markdown from the records",
}


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
    say: Callable[[str], None]
    retries: Retries = field(default_factory=Retries)
    again: bool = False
    """Whether all is to be built and run, whatever results there are."""
    hindrances: dict[str, McuMatrixError] = field(default_factory=dict)
    """By their slugs, what kept variants with a job from being tried, or their results from being kept: it is
    in no record."""
    unreported: list[McuMatrixError] = field(default_factory=list)
    """Why the report is not made."""
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
        return RecordStore(self.project.results(self.matrix.name) / "records")

    def records(self) -> list[Record | None]:
        """The newest record of each variant, from its present inputs."""
        return [job.newest_record(self.store) if job else None for job in self._job_of_each_variant()]

    def untried(self) -> dict[str, str]:
        """By their slugs, why variants have no result, in a line that can be published: with paths as they
        are in the project."""
        root = f"{self.project.root}/"
        return {
            slug: " ".join(without_result(error).replace(root, "").split())
            for slug, error in {**self.hindered, **self.hindrances}.items()
        }

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

    def selected(self, expression: str) -> tuple[Job, ...]:
        """The jobs of the variants that `slugs` gives."""
        slugs = self.slugs(expression)
        return tuple(job for job in self.jobs if job.variant.slug in slugs)

    def slugs(self, expression: str) -> set[str]:
        """The variants that match an expression over axes, or a slug; all of them for "".

        Raises:
            MatrixError: it is not an expression.
            NothingSelectedError: no variant matches.
        """
        from mcumatrix.matrix.select import select

        chosen = select(self.matrix.variants, expression) if expression else self.matrix.variants
        return {variant.slug for variant in chosen}


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
) -> Work:
    """Reads and expands a matrix, and plans what there is to do.

    `builder` is one of `registry.BUILDERS`; `say` gets a line when something takes long. Without `wait`, a
    board that somebody else uses is an error; `retries` is for runs that infrastructure spoils. Results that
    are there count, with a compiler that cannot be had too, unless all is to be done `again`.

    Raises:
        MatrixError, ToolError, ModelError, PublishedError: as their messages say.
    """
    from mcumatrix.matrix.catalogues import load_catalogues
    from mcumatrix.matrix.load import find_matrix, load_matrix

    path = find_matrix(matrix_name, project.matrices)
    catalogues = load_catalogues(project.matrices)
    builders = registry.builders(builder, project.build / "cache", say)
    if not again:
        recorded = partial(recorded_compilers, project, path.stem, catalogues.boards)
        builders = replace(builders, chosen=registry.recorded_compilers(builders.chosen, recorded, say))

    def can_be_had(toolchain: Toolchain) -> bool:
        try:
            builders.chosen.identity(toolchain, ())
        except (ToolError, SourceError) as error:
            say(f"Toolchain {toolchain.name} cannot be had: {error}")
            return False
        return True

    matrix = load_matrix(path, catalogues, can_be_had)
    # Before hours of work, not after them.
    read_publications(matrix.published, project.published)
    boards = Boards(project.boards, wait=wait, say=say)
    planned = plan_jobs(project, matrix.variants, builders.chosen, boards)
    work = Work(
        project, matrix, planned.jobs, planned.hindered, builders, boards, say, retries or Retries(), again
    )
    changed = _not_as_kept(work)
    jobs = tuple(job for job in work.jobs if job.variant.slug not in changed)
    return replace(work, jobs=jobs, hindered={**work.hindered, **changed})


def _not_as_kept(work: Work) -> dict[str, McuMatrixError]:
    """By their slugs, why nothing is done for variants whose result was changed, or what it must be.

    To measure again would hide it.
    """
    found: dict[str, McuMatrixError] = {}
    golden_of = cache(registry.golden_case)  # reading one takes longer than all the rest
    for job in work.jobs:
        try:
            require_proved(job, work.store, golden_of)
        except (ResultError, ModelError, SourceError, ToolError) as error:
            found[job.variant.slug] = error
    return found


def tasks(work: Work) -> Iterator[Task]:
    """All tasks of some work, in the order of the pipeline."""
    for group, purpose in GROUPS.items():
        yield {"basename": group, "name": None, "doc": purpose}
    for stage in (model_tasks, library_tasks, build_tasks, run_tasks, report_tasks):
        for task in stage(work):
            # doit captures output by swapping sys.stdout, which mixes up when actions run side by side.
            yield task | {"io": {"capture": False}}


def model_tasks(work: Work) -> Iterator[Task]:
    for jobs in _shared(work, lambda job: job.rendered.folder.name):
        job = jobs[0]
        yield {
            "basename": "model",
            "name": job.rendered.folder.name,
            "doc": f"render {job.variant.model.name} for {job.variant.runtime.name}",
            "actions": [_action(work, jobs, partial(actions.render_model, work.project, job))],
            "uptodate": [partial(is_current, job.rendered.folder, job.rendered.fingerprint)],
        }


def library_tasks(work: Work) -> Iterator[Task]:
    # What takes longest first, so that it does not keep a core waiting in the end.
    for jobs in _shared(work, lambda job: job.platform.name):
        job = jobs[0]
        what = f"compile the firmware of {job.variant.board.firmware_board}"
        build = partial(actions.build_platform, work.project, job, work.builder)
        yield _library_task(work, jobs, job.platform, what, build)
    for jobs in _shared(work, lambda job: job.runtime.name):
        job = jobs[0]
        what = f"compile {job.variant.kernels} kernels of {job.variant.runtime.name}"
        build = partial(actions.build_runtime, work.project, job, work.builder, work.say)
        yield _library_task(work, jobs, job.runtime, what, build)
    for jobs in _shared(work, lambda job: job.model.name):
        job = jobs[0]
        what = f"compile {job.variant.model.name} for {job.variant.runtime.name}"
        task = _library_task(work, jobs, job.model, what, partial(actions.build_model, job, work.builder))
        yield task | {"task_dep": [f"model:{job.rendered.folder.name}"]}


def _library_task(work: Work, jobs: list[Job], library: Build, doc: str, build: Callable[[], None]) -> Task:
    return {
        "basename": "library",
        "name": library.name,
        "doc": doc,
        "actions": [_action(work, jobs, build)],
        "uptodate": [library.is_done],
    }


def build_tasks(work: Work) -> Iterator[Task]:
    for job in work.jobs:
        yield {
            "basename": "build",
            "name": job.variant.slug,
            "doc": f"link {job.variant.slug}",
            "actions": [_action(work, [job], partial(actions.build_image, work.project, job, work.builder))],
            "task_dep": [f"library:{library.name}" for library in job.libraries],
            "targets": [str(job.image.folders.output / name) for name in job.image.plan.outputs],
            "uptodate": [job.image.is_done],
        }


def run_tasks(work: Work) -> Iterator[Task]:
    for job in work.jobs:
        yield {
            "basename": "run",
            "name": job.variant.slug,
            "doc": f"run {job.variant.slug} on {job.variant.board.name}",
            "actions": [_run_action(work, job)],
            "task_dep": [f"build:{job.variant.slug}"] if work.again or what_is_left(job, work.store) else [],
            "uptodate": [partial(job.is_done, work.store)],
        }


def report_tasks(work: Work) -> Iterator[Task]:
    yield {
        "basename": "report",
        "name": work.matrix.name,
        "doc": f"make the report of {work.matrix.name}",
        "actions": [partial(_report, work)],
        "task_dep": ["run"],
        "uptodate": [partial(report_is_current, work)],
    }


def report_is_current(work: Work) -> bool:
    """Whether the report has what the records have now."""
    folder = work.project.results(work.matrix.name)
    fingerprint = report_fingerprint(
        work.project, work.matrix, work.records(), work.reproductions(), work.untried()
    )
    return is_current(folder, fingerprint)


def _report(work: Work) -> dict[str, str] | TaskFailed:
    folder = work.project.results(work.matrix.name)
    for name in changed_outputs(folder):
        work.say(f"{folder / name} was changed after it was made; it is made again from the records.")
    try:
        actions.write_report(work.project, work.matrix, work.records(), work.reproductions(), work.untried())
    except McuMatrixError as error:
        work.unreported.append(error)
        return TaskFailed(str(error))
    return {"said": ", ".join(actions.REPORT_FILES)}


def _shared(work: Work, name: Callable[[Job], str]) -> Iterator[list[Job]]:
    groups: dict[str, list[Job]] = {}
    for job in work.jobs:
        groups.setdefault(name(job), []).append(job)
    return iter(groups.values())


def _action(
    work: Work, jobs: list[Job], make: Callable[[], str | None]
) -> Callable[[], dict[str, str] | TaskFailed]:
    """A doit action that keeps a failure as the record of the variants that it concerns."""

    def action() -> dict[str, str] | TaskFailed:
        try:
            with (
                work.within_time(),
                in_sentences("It could not be made", work.project.build, "Nothing else is lost."),
            ):
                return {"said": make() or "done"}
        except McuMatrixError as error:
            failure = error
        for job in jobs:
            try:
                if not actions.record_failure(work.matrix, job, work.store, work.boards, failure):
                    work.hindrances[job.variant.slug] = failure
            except ResultError as lost:
                work.hindrances[job.variant.slug] = lost
        return TaskFailed(str(failure))

    return action


def _run_action(work: Work, job: Job) -> Callable[[], dict[str, str] | TaskFailed]:
    def action() -> dict[str, str] | TaskFailed:
        try:
            with (
                work.within_time(),
                in_sentences("It could not be run", work.project.boards, "Records of others are kept."),
            ):
                work.inputs_store.keep(job.inputs)
                run = partial(actions.run_variant, work.matrix, job, work.store, work.boards)
                record = run(work.retries, say=work.say, wait=work.boards.stopped.wait)
        except McuMatrixError as error:
            work.hindrances[job.variant.slug] = error
            return TaskFailed(str(error))
        said = actions.describe(record)
        return {"said": said} if record.measurement else TaskFailed(said)

    return action
