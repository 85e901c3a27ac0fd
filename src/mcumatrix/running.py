"""Runs of images on boards: each attempt is a record, and only units that are fit are run on.

Before the first run on a unit, and after equipment has spoiled one on it, a small image has to show that the
unit is fit: its answer is known, and what it took before. A unit that fails that again and again is set
aside, and others of its board do its work. Where there is none left, the run is blocked, which is a record
too.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import cache, partial
from statistics import median

from mcumatrix import registry
from mcumatrix.errors import BlockedError, McuMatrixError, ModelError, ResultError, StoppedError
from mcumatrix.executors.runs import Choice, Runs, tools_of
from mcumatrix.health import Health
from mcumatrix.model.catalogue import Board
from mcumatrix.model.image import Image
from mcumatrix.model.record import Cause, Correctness, Measurement, Provenance, Record, Status
from mcumatrix.model.schedule import FIRST, Slot
from mcumatrix.model.variant import Matrix
from mcumatrix.registry.boards import Boards
from mcumatrix.report.content.tables import blamed
from mcumatrix.results.store import RecordStore
from mcumatrix.stages import build
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.health import drift_of
from mcumatrix.stages.implementation import name_sources
from mcumatrix.stages.record import cause_of_error, make_record, status_of
from mcumatrix.stages.retry import Retries, Wait
from mcumatrix.stages.run import Ended, Ran, ToRun
from mcumatrix.stages.time_limit import TimeLimit
from mcumatrix.units import milliseconds
from mcumatrix.workflow import Job, kernel_facts_of


@dataclass(frozen=True, slots=True)
class Bench:
    """What the runs of a matrix have in common.

    `store` keeps their records, `runs` executes them. `say` gets a line before each pause, and when a unit is
    set aside; `wait` is how pauses are made. `placed` hears on which unit the task of a name is.
    """

    matrix: Matrix
    store: RecordStore
    boards: Boards
    runs: Runs
    health: Health
    retries: Retries
    say: Callable[[str], None]
    wait: Wait
    placed: Callable[[str, str], None] = lambda _task, _unit: None


def task_of(job: Job, slot: Slot) -> str:
    """The name of the task that is a run of a variant."""
    return f"run:{job.variant.slug}{slot.suffix}"


@dataclass(frozen=True, slots=True)
class OnUnit:
    """A step of a run: something is run on a unit of a board. Its answer is how that went."""

    choice: Choice
    board: Board
    ended: Ended


@dataclass(frozen=True, slots=True)
class Pause:
    """A step of a run: nothing, for some seconds, because of what a sentence says. It has no answer."""

    why: str
    pause_s: float


Course = Generator[OnUnit | Pause, Ran | None, Record]
"""All that is decided for a run of a variant, step by step. Whoever takes the steps sends their answers, or
throws in what kept one from having any; time is what the steps take, here or in a simulation."""


def run_variant(job: Job, slot: Slot, bench: Bench, limit: TimeLimit) -> Record:
    """Runs the image of a variant on its board and keeps the record of each attempt; returns the last.

    Only what infrastructure has spoiled is tried again. `limit` is for all of it, without tests of units.

    Raises:
        ResultError: a record cannot be kept.
        StoppedError: it was ended from outside.
        LockedError, ToolError: there is no way to this board now, so that nothing was tried.
    """
    course = course_of(job, slot, bench, limit)
    try:
        step = next(course)
        while True:
            try:
                answer = _taken(step, bench)
            except McuMatrixError as error:
                step = course.throw(error)
            else:
                step = course.send(answer)
    except StopIteration as end:
        record: Record = end.value
        return record


def _taken(step: OnUnit | Pause, bench: Bench) -> Ran | None:
    if isinstance(step, OnUnit):
        return bench.runs.run(step.choice, step.board, step.ended)
    bench.say(f"{step.why}; trying again in {step.pause_s:g} s.")
    if bench.wait(step.pause_s):
        raise StoppedError("The run was stopped.")
    return None


def course_of(job: Job, slot: Slot, bench: Bench, limit: TimeLimit) -> Course:
    """What `run_variant` does, without doing it: the steps, and the records that come of their answers."""
    earlier: tuple[str, ...] = ()
    while True:
        try:
            ran = yield from _on_fit_unit(job, slot, bench, limit)
        except (BlockedError, ModelError) as error:
            return bench.store.add(_record(job, bench, error, slot=slot, earlier=earlier), b"")
        record = _record(job, bench, _outcome(ran), ran=ran, slot=slot, earlier=earlier)
        record = bench.store.add(record, ran.log, ran.trace)
        pause_s = bench.retries.pause_after_s(record)
        if pause_s is None or limit.left_s < 0:
            return record
        earlier = (*earlier, record.name)
        what = f"{task_of(job, slot)}: attempt {record.attempt} of {bench.retries.attempts}"
        yield Pause(f"{what} ended with {record.status}: {record.reason}", pause_s)


def _on_fit_unit(
    job: Job, slot: Slot, bench: Bench, limit: TimeLimit
) -> Generator[OnUnit | Pause, Ran | None, Ran]:
    """A run on a unit that has shown to be fit, in a test of its own if need be.

    A test is a run by itself, so that what comes next finds a board that was switched off.
    """
    variant = job.variant
    labelled = (
        registry.answers.labelled_set(variant.model, variant.asked, bench.say) if variant.asked else None
    )
    board, wanted = variant.board, ToRun(variant, image_of(job), limit, labelled)
    due: list[Record] = []

    @cache
    def test() -> ToRun | None:
        found = bench.health.test_of(board)
        return ToRun(found.variant, image_of(found), TimeLimit(found.variant.limit_s)) if found else None

    def ended(ran: Ran) -> None:
        if ran.what is not wanted:
            due.extend(filter(None, [_keep_test(bench, ran)]))
        elif ran.error and cause_of_error(ran.error, ran.fault) is Cause.INFRASTRUCTURE:
            bench.health.suspect(board, ran.unit)

    task = task_of(job, slot)
    fit, placed = partial(bench.health.fit_units, board), partial(bench.placed, task)
    while True:
        ran = yield OnUnit(Choice(task, wanted, test, fit, placed), board, ended)
        assert ran is not None
        if ran.what is wanted:
            return ran
        while due:
            record = due.pop()
            pause_s = bench.retries.pause_after_test_s(record)
            assert pause_s is not None
            yield Pause(_of_test(bench, record), pause_s)
            bench.health.rested(board, record.slot.unit, record.name)


def _keep_test(bench: Bench, ran: Ran) -> Record | None:
    """Keeps the record of a test, and gives it where the unit is to be tested again after a pause.

    A unit that has failed too often is set aside.
    """
    health, board, unit = bench.health, ran.what.variant.board, ran.unit
    job = health.jobs[board.name]
    with health.keeping:
        outcome = _outcome(ran)
        passed = not isinstance(outcome, McuMatrixError) and outcome[1].correct
        failed = health.failed_tests(board, unit, passed=passed)
        record = _record(job, bench, outcome, ran=ran, slot=Slot(unit=unit), earlier=failed)
        try:
            record = replace(record, drift=drift_of(record, health.earlier(job, unit)))
        except ResultError as error:
            record = replace(record, drift=f"its history cannot be believed: {error.message}")
        record = health.store.add(record, ran.log, ran.trace)
        health.note(board, unit, record)
    if record.drift:
        bench.say(f"{unit} drifts: {record.drift}.")
    if record.status is Status.OK:
        return None
    if bench.retries.pause_after_test_s(record) is not None:
        return record
    bench.say(f"{_of_test(bench, record)}; {unit} is set aside.")
    bench.runs.set_aside(board, unit, f"{record.status}: {record.reason}")
    return None


def _of_test(bench: Bench, record: Record) -> str:
    times = f"attempt {record.attempt} of {bench.retries.attempts}"
    return f"test of {record.slot.unit}: {times} ended with {record.status}: {record.reason}"


_Outcome = tuple[Measurement, Correctness] | McuMatrixError


def _outcome(ran: Ran) -> _Outcome:
    """What came of a run. Raises an error that says nothing about what was run."""
    if ran.measurement is not None:
        measurement = name_sources(ran.measurement, ran.what.image.elf)
        return measurement, check_answer(measurement, registry.answers.golden_case(ran.what.variant.model))
    assert ran.error is not None
    if status_of(ran.error) is None:
        raise ran.error
    return ran.error


def _record(
    job: Job,
    bench: Bench,
    outcome: _Outcome,
    *,
    ran: Ran | None = None,
    slot: Slot = FIRST,
    earlier: tuple[str, ...] = (),
) -> Record:
    """The record of a run, or of why there was none."""
    return make_record(
        outcome,
        matrix=bench.matrix.name,
        variant=job.variant,
        fingerprint=job.run_fingerprint,
        accuracy=ran.accuracy if ran else None,
        energy=ran.energy if ran else None,
        provenance=_provenance(job, bench.boards, ran),
        image=ran.what.image if ran else None,
        flashed=ran.flashed if ran else None,
        warning=warning_of(job),
        fault=ran.fault if ran else "",
        earlier=earlier,
        slot=slot,
        order=bench.matrix.schedule.order_text,
        facts=kernel_facts_of(job),
    )


def record_failure(job: Job, bench: Bench, error: McuMatrixError) -> bool:
    """Keeps a record for a job that an error has left without an image; false if it is not about it.

    Raises:
        ResultError: the record cannot be kept.
    """
    if status_of(error) is None:
        return False
    bench.store.add(_record(job, bench, error), b"")
    return True


def _provenance(job: Job, boards: Boards, ran: Ran | None = None) -> Provenance:
    board = job.variant.board
    return Provenance(
        board=board.name,
        kind=board.kind,
        timing_model=ran.timing_model if ran else "",
        expected_error=ran.expected_error if ran else "",
        tools={
            # The image is in the project's folder, whatever its sources are links to.
            **registry.revisions.project_revision(job.image.folders.output),
            **tools_of(board, boards),
        },
        unit=ran.unit if ran else "",
    )


def warning_of(job: Job) -> str:
    """What is known against a variant before it is flashed: it is marked, and run all the same."""
    return registry.models.warning_about(job.variant.model, job.variant.runtime, kernel_facts_of(job))


def image_of(job: Job) -> Image:
    """The image of a job, which has been built."""
    return build.read_image(job.image.plan, job.image.folders.output)


def describe(record: Record) -> str:
    """How a run went, in a few words."""
    if record.status is Status.BLOCKED:
        return record.reason
    attempts = f" in attempt {record.attempt}" if record.attempt > 1 else ""
    if record.measurement is None or record.status is not Status.OK:
        return f"{blamed(record)}{attempts}: {record.reason}"
    # What the report shows, so that nobody wonders which of two numbers is right.
    total_cycles = median(record.measurement.total_cycles)
    asked, accuracy = record.asked, record.accuracy
    right = f", {accuracy.correct:,} of {asked.samples:,} samples right" if asked and accuracy else ""
    flaky = f", flaky: passed only{attempts}" if record.flaky else ""
    return f"{milliseconds(total_cycles, record.measurement.clock.measured_hz):.3f} ms, correct{right}{flaky}"
