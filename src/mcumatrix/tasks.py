"""The pipeline as doit tasks: model -> library -> image -> run -> report."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from doit.exceptions import TaskFailed

from mcumatrix import actions
from mcumatrix.artifact import changed_outputs, is_current
from mcumatrix.doit_support import TaskBlocked
from mcumatrix.errors import McuMatrixError
from mcumatrix.model.application import AddedApplication
from mcumatrix.model.record import Status
from mcumatrix.model.schedule import FIRST, Slot
from mcumatrix.running import describe, run_variant, task_of
from mcumatrix.storage import in_sentences
from mcumatrix.work import Work
from mcumatrix.workflow import Build, Job, what_is_left

Task = dict[str, Any]

GROUPS = {
    "model": "render models and digits as C sources",
    "library": "compile runtimes, firmware and models, once for all variants that share them",
    "build": "link the images of variants",
    "run": "run variants on their boards",
    "report": "make CSV and Markdown from the records",
}


def tasks(work: Work, jobs: Sequence[Job] | None = None) -> Iterator[Task]:
    """All tasks of some work, in the order of the pipeline; with `jobs`, of these variants alone."""
    jobs = work.jobs if jobs is None else jobs
    for group, purpose in GROUPS.items():
        yield {"basename": group, "name": None, "doc": purpose}
    for stage in (model_tasks, library_tasks, build_tasks, run_tasks):
        for task in stage(work, jobs):
            yield task | _UNCAPTURED
    for task in report_tasks(work):
        yield task | _UNCAPTURED


_UNCAPTURED = {"io": {"capture": False}}
"""doit captures output by swapping sys.stdout, which mixes up when actions run side by side."""


def due_tasks(work: Work, jobs: Sequence[Job]) -> Iterator[str]:
    """The names of the tasks that a run of some variants executes, as far as that is known before."""
    for job in jobs:
        slots = [slot for slot in work.slots_of(job) if work.again or not job.is_done(work.store, slot)]
        is_built = work.again or (bool(slots) and not job.image.is_done())
        if is_built:
            if work.again or not is_current(job.rendered.folder, job.rendered.fingerprint):
                yield f"model:{job.rendered.folder.name}"
            yield from (
                f"library:{library.name}" for library in job.libraries if work.again or not library.is_done()
            )
            yield f"build:{job.variant.slug}"
        yield from (task_of(job, slot) for slot in slots)
    yield f"report:{work.matrix.name}"


def model_tasks(work: Work, of: Sequence[Job]) -> Iterator[Task]:
    for jobs in _shared(of, lambda job: job.rendered.folder.name):
        plan, variant = jobs[0].rendered, jobs[0].variant
        is_done = partial(is_current, plan.folder, plan.fingerprint)
        yield {
            "basename": "model",
            "name": plan.folder.name,
            "doc": f"render {variant.model.name} for {variant.runtime.name}",
            "actions": [
                _action(work, jobs, plan.folder.name, is_done, partial(actions.render_model, work.project))
            ],
            "uptodate": [is_done],
        }


def library_tasks(work: Work, of: Sequence[Job]) -> Iterator[Task]:
    # What takes longest first, so that it does not keep a core waiting in the end.
    for jobs in _shared(of, lambda job: job.platform.name):
        what = f"compile the firmware of {jobs[0].variant.board.firmware_board}"
        build = partial(actions.build_platform, work.project, builder=work.builder)
        yield _library_task(work, jobs, jobs[0].platform, what, build)
    for jobs in _shared(of, lambda job: job.runtime.name):
        what = f"compile {jobs[0].variant.kernels} kernels of {jobs[0].variant.runtime.name}"
        build = partial(actions.build_runtime, work.project, builder=work.builder, say=work.say)
        yield _library_task(work, jobs, jobs[0].runtime, what, build)
    for jobs in _shared(of, lambda job: job.model.name):
        what = f"compile {jobs[0].variant.model.name} for {jobs[0].variant.runtime.name}"
        build = partial(actions.build_model, builder=work.builder)
        task = _library_task(work, jobs, jobs[0].model, what, build)
        yield task | {"task_dep": [f"model:{jobs[0].rendered.folder.name}"]}
    for added in {added for job in of for added, _ in job.applications}:
        for jobs in _sharing(of, added):
            library = dict(jobs[0].applications)[added]
            what = f"compile {added.name} for {jobs[0].variant.board.firmware_board}"
            build = partial(
                actions.build_application, work.project, builder=work.builder, say=work.say, added=added
            )
            yield _library_task(work, jobs, library, what, build)


def _library_task(
    work: Work, jobs: list[Job], library: Build, doc: str, build: Callable[[Job], None]
) -> Task:
    return {
        "basename": "library",
        "name": library.name,
        "doc": doc,
        "actions": [_action(work, jobs, library.name, library.is_done, build)],
        "uptodate": [library.is_done],
    }


def build_tasks(work: Work, jobs: Sequence[Job]) -> Iterator[Task]:
    for job in jobs:
        build = partial(actions.build_image, work.project, builder=work.builder)
        yield {
            "basename": "build",
            "name": job.variant.slug,
            "doc": f"link {job.variant.slug}",
            "actions": [_action(work, [job], job.image.name, lambda: False, build)],
            "task_dep": [f"library:{library.name}" for library in job.libraries],
            "targets": [str(job.image.folders.output / name) for name in job.image.plan.outputs],
            "uptodate": [job.image.is_done],
        }


def run_tasks(work: Work, jobs: Sequence[Job]) -> Iterator[Task]:
    for job in jobs:
        for slot in work.slots_of(job):
            which = f", {slot}" if slot != FIRST else ""
            is_due = work.again or what_is_left(job, work.store, [slot])
            yield {
                "basename": "run",
                "name": f"{job.variant.slug}{slot.suffix}",
                "doc": f"run {job.variant.slug} on {job.variant.board.name}{which}",
                "actions": [_run_action(work, job, slot)],
                "task_dep": [f"build:{job.variant.slug}"] if is_due else [],
                "uptodate": [partial(job.is_done, work.store, slot)],
            }


def report_tasks(work: Work) -> Iterator[Task]:
    yield {
        "basename": "report",
        "name": work.matrix.name,
        "doc": f"make the report of {work.matrix.name}",
        "actions": [partial(_report, work)],
        "task_dep": ["run"],
        # When this is asked, all runs have ended.
        "uptodate": [lambda: report_is_current(work, work.conclude()[1])],
    }


def report_is_current(work: Work, fingerprint: str) -> bool:
    """Whether the report of this fingerprint is there, as it was made."""
    return is_current(work.project.results(work.matrix.name), fingerprint)


def _report(work: Work) -> dict[str, str] | TaskFailed:
    folder = work.project.results(work.matrix.name)
    for name in changed_outputs(folder):
        work.say(f"{folder / name} was changed after it was made; it is made again from the records.")
    try:
        results, fingerprint = work.concluded_once()
        work.reported.append(actions.write_report(work.project, work.matrix, results, fingerprint))
    except McuMatrixError as error:
        work.unreported.append(error)
        return TaskFailed(str(error))
    return {"said": ", ".join(actions.REPORT_FILES)}


def _shared(of: Sequence[Job], name: Callable[[Job], str]) -> Iterator[list[Job]]:
    groups: dict[str, list[Job]] = {}
    for job in of:
        groups.setdefault(name(job), []).append(job)
    return iter(groups.values())


def _sharing(of: Sequence[Job], added: AddedApplication) -> list[list[Job]]:
    """Those of some jobs whose images have an application, by its library."""
    groups: dict[str, list[Job]] = {}
    for job in of:
        if library := dict(job.applications).get(added):
            groups.setdefault(library.name, []).append(job)
    return list(groups.values())


def _action(
    work: Work,
    jobs: list[Job],
    part: str,
    is_done: Callable[[], bool],
    make: Callable[[Job], str | None],
) -> Callable[[], dict[str, str] | TaskFailed]:
    """A doit action that makes a part of images, within the time that its variants have left.

    A failure becomes the record of the variants that it concerns. `is_done` is asked once nobody else makes
    the part.
    """

    def action() -> dict[str, str] | TaskFailed:
        limits = [work.limit_of(job) for job in jobs]
        # It is made for all of them: as long as one of them has time.
        job = jobs[0].within(max(limit.left_s for limit in limits))
        try:
            with (
                work.within_time(),
                in_sentences("It could not be made", work.project.build, "Nothing else is lost."),
                work.part_locks.held(part),
                ExitStack() as counting,
            ):
                for limit in limits:
                    counting.enter_context(limit.counted())
                said = "done" if is_done() else make(job) or "done"
        except McuMatrixError as error:
            work.keep_failure(jobs, part, error)
            return TaskFailed(str(error))
        work.keep_failure(jobs)
        return {"said": said}

    return action


def _run_action(work: Work, job: Job, slot: Slot) -> Callable[[], dict[str, str] | TaskFailed]:
    def action() -> dict[str, str] | TaskFailed:
        try:
            with (
                work.within_time(),
                in_sentences("It could not be run", work.project.boards, "Records of others are kept."),
            ):
                work.inputs_store.keep(job.inputs)
                work.prepare_test(job.variant.board)
                record = run_variant(job, slot, work.bench, work.limit_of(job))
        except McuMatrixError as error:
            work.hindrances[job.variant.slug] = error
            return TaskFailed(str(error))
        said = describe(record)
        if record.status is Status.BLOCKED:
            return TaskBlocked(said)
        return {"said": said} if record.measurement else TaskFailed(said)

    return action
