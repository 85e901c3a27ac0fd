"""Runs, and tests of the units that they are on, with runs in the place of images that end as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from mcumatrix.errors import (
    BlockedError,
    ConsoleTimeoutError,
    FlashError,
    FlashFault,
    McuMatrixError,
    ParseError,
)
from mcumatrix.executors.runs import RunsHere
from mcumatrix.health import last_tests
from mcumatrix.model.catalogue import Board, BoardKind
from mcumatrix.model.record import Correctness, Measurement, Record, Status
from mcumatrix.model.schedule import FIRST
from mcumatrix.running import Bench, OnUnit, Pause, _keep_test, course_of, describe, run_variant
from mcumatrix.stages.retry import Retries
from mcumatrix.stages.run import Choose, Ended, Ran, ToRun
from mcumatrix.stages.time_limit import UNLIMITED
from support.benches import FakeJob, a_bench
from support.variants import a_measurement, a_record, a_variant, an_image

BOARD = Board("lab", BoardKind.VIRTUAL, "stm32f746g_disco")
VARIANT = a_variant(board=BOARD)
TEST = a_variant("health_lab", board=BOARD)

NO_PROBE = FlashError("the probe is not attached", fault=FlashFault.NO_PROBE)
WRONG_CHIP = FlashError("another chip", fault=FlashFault.WRONG_DEVICE)
GARBAGE = ParseError("a line is missing")
SILENCE = ConsoleTimeoutError("the board sent nothing")

Outcome = McuMatrixError | None
"""How a run ends: with an error, or well."""


@dataclass
class Lab:
    """Units of a board, and what comes of each run on them, in order: tests and variants apart."""

    tests: dict[str, list[Outcome]]
    variants: dict[str, list[Outcome]] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    ran: list[tuple[str, str]] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)

    def get(self, _board: Board) -> "Lab":
        return self

    def set_aside(self, unit: str, reason: str) -> None:
        self.aside[unit] = reason

    def identity(self) -> dict[str, str]:
        return {}

    def run_image(self, choose: Choose, _board: object, *_: object, ended: Ended, **__: object) -> Ran:
        unit = next((name for name in self.tests if name not in self.aside), None)
        if unit is None:
            raise BlockedError("every unit of lab was set aside")
        what = choose(unit)
        is_test = what.variant is TEST
        outcomes = (self.tests if is_test else self.variants).get(unit) or [None]
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        self.ran.append((unit, "test" if is_test else "variant"))
        ran = Ran(what, b"log", unit=unit, timing_model="m7-block-1", error=outcome)
        if outcome is None:
            ran = replace(ran, measurement=a_measurement())
        ended(ran)
        return ran


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    """bench(lab) is what runs need, with records in a folder and without pauses."""

    def make(lab: Lab, *, attempts: int = 3, tested: bool = True, said: list[str] | None = None) -> Bench:
        monkeypatch.setattr("mcumatrix.executors.runs.run_image", lab.run_image)
        monkeypatch.setattr("mcumatrix.registry.flashers.flasher", lambda _board: None)
        boards: Any = lab  # as far as runs need it
        return a_bench(
            tmp_path,
            monkeypatch,
            RunsHere(boards),
            boards,
            variant=VARIANT,
            test=TEST if tested else None,
            retries=Retries(attempts),
            say=said.append if said is not None else lambda _line: None,
        )

    return make


def _run(bench: Bench) -> Record:
    job: Any = FakeJob(VARIANT)
    return run_variant(job, FIRST, bench, UNLIMITED)


def test_a_unit_is_tested_before_its_first_run_and_not_before_the_next(bench: Callable[..., Bench]) -> None:
    lab = Lab({"one": [None]})
    made = bench(lab)
    assert [_run(made).status for _ in range(2)] == [Status.OK, Status.OK]
    assert lab.ran == [("one", "test"), ("one", "variant"), ("one", "variant")]


def test_after_a_failure_of_equipment_a_unit_is_tested_before_the_next_attempt(
    bench: Callable[..., Bench],
) -> None:
    lab = Lab({"one": [None]}, {"one": [SILENCE, None]})
    record = _run(bench(lab))
    assert (record.status, record.attempt, record.flaky) == (Status.OK, 2, True)
    assert lab.ran == [("one", "test"), ("one", "variant"), ("one", "test"), ("one", "variant")]


def test_after_a_failure_of_the_target_a_unit_is_not_suspected(bench: Callable[..., Bench]) -> None:
    lab = Lab({"one": [None]}, {"one": [GARBAGE]})
    made = bench(lab)
    assert [_run(made).status for _ in range(2)] == [Status.PARSE, Status.PARSE]
    assert lab.ran == [("one", "test"), ("one", "variant"), ("one", "variant")]


@pytest.mark.parametrize("error", [NO_PROBE, GARBAGE, SILENCE])
def test_a_unit_that_fails_again_and_again_is_set_aside_and_others_do_its_work(
    bench: Callable[..., Bench], error: McuMatrixError
) -> None:
    lab, said = Lab({"one": [error], "two": [None]}), []
    record = _run(bench(lab, said=said))
    assert (record.status, record.provenance.unit, record.attempt) == (Status.OK, "two", 1)
    assert lab.ran == [*[("one", "test")] * 3, ("two", "test"), ("two", "variant")]
    assert list(lab.aside) == ["one"]
    assert said[-1].endswith("; one is set aside.")


def test_tests_that_several_tasks_make_of_a_unit_at_once_are_one_attempt(bench: Callable[..., Bench]) -> None:
    """Where a unit cannot even be taken, nothing keeps two tasks from finding that out at the same time."""
    lab, said = Lab({"one": [NO_PROBE], "two": [None]}), []
    made = bench(lab, said=said)
    others = iter([True, True, True])

    def wait(_pause_s: float) -> bool:
        if next(others, False):
            # Meanwhile another task has it tested.
            ran = Ran(ToRun(TEST, an_image()), unit="one", error=NO_PROBE)
            assert _keep_test(made, ran) is not None
        return False

    record = _run(replace(made, wait=wait))
    assert (record.status, record.provenance.unit) == (Status.OK, "two")
    assert lab.ran == [*[("one", "test")] * 3, ("two", "test"), ("two", "variant")]
    attempts = [line.partition("attempt ")[2].partition(" ended")[0] for line in said]
    assert attempts == ["1 of 3", "2 of 3", "3 of 3"]


def test_a_test_that_passes_while_its_unit_rests_comes_after_the_one_that_failed(
    bench: Callable[..., Bench], tmp_path: Path
) -> None:
    """Another task did not wait for the end of the pause: what failed before is not passed over for that."""
    lab = Lab({"one": [NO_PROBE]})
    made = bench(lab)

    def wait(_pause_s: float) -> bool:
        ran = Ran(ToRun(TEST, an_image()), unit="one", timing_model="m7-block-1")
        assert _keep_test(made, replace(ran, measurement=a_measurement())) is None
        return False

    assert _run(replace(made, wait=wait)).status is Status.OK
    assert lab.ran == [("one", "test"), ("one", "variant")]
    (last,) = last_tests(tmp_path).records
    assert (last.status, last.attempt, last.flaky, len(last.earlier)) == (Status.OK, 2, True, 1)


def test_a_test_that_ends_after_its_unit_was_set_aside_is_no_further_attempt(
    bench: Callable[..., Bench],
) -> None:
    lab, said = Lab({"one": [NO_PROBE], "two": [None]}), []
    made = bench(lab, said=said)
    _run(made)
    assert _keep_test(made, Ran(ToRun(TEST, an_image()), unit="one", error=NO_PROBE)) is None
    assert said[-1].startswith("test of one: attempt 3 of 3 ended with no-probe: ")


def test_a_unit_that_somebody_has_to_mend_is_set_aside_at_once(bench: Callable[..., Bench]) -> None:
    lab = Lab({"one": [WRONG_CHIP], "two": [None]})
    assert _run(bench(lab)).status is Status.OK
    assert lab.ran[:2] == [("one", "test"), ("two", "test")]


def test_a_run_is_decided_step_by_step_and_time_is_what_the_steps_take(bench: Callable[..., Bench]) -> None:
    lab = Lab({"one": [NO_PROBE, None]}, {"one": [SILENCE, None]})
    made = bench(lab)
    job: Any = FakeJob(VARIANT)
    course = course_of(job, FIRST, made, UNLIMITED)
    steps: list[object] = []
    record: Record | None = None
    step = next(course)
    while record is None:
        answer = None
        if isinstance(step, OnUnit):
            answer = made.runs.run(step.choice, step.board, step.ended)
        steps.append(step.pause_s if isinstance(step, Pause) else lab.ran[-1])
        try:
            step = course.send(answer)
        except StopIteration as end:
            record = end.value
    test, variant = ("one", "test"), ("one", "variant")
    assert steps == [test, 1.0, test, variant, 1.0, test, variant]
    assert (record.status, record.attempt) == (Status.OK, 2)


def test_where_no_unit_is_left_the_run_is_blocked_and_nothing_is_tried_again(
    bench: Callable[..., Bench],
) -> None:
    lab = Lab({"one": [NO_PROBE]})
    record = _run(bench(lab, attempts=1))
    assert (record.status, record.reason) == (Status.BLOCKED, "every unit of lab was set aside")
    assert lab.ran == [("one", "test")]
    assert describe(record) == "every unit of lab was set aside"


def test_a_unit_that_spoils_runs_and_then_its_tests_is_lost_and_the_run_is_not(
    bench: Callable[..., Bench],
) -> None:
    """It was fit once; its run goes to another unit, and says that it took two attempts."""
    lab = Lab({"one": [None, NO_PROBE], "two": [None]}, {"one": [SILENCE]})
    record = _run(bench(lab))
    assert (record.status, record.provenance.unit, record.attempt) == (Status.OK, "two", 2)
    assert len(record.earlier) == 1


def test_without_a_test_units_are_used_as_they_are(bench: Callable[..., Bench]) -> None:
    lab = Lab({"one": [None]})
    assert _run(bench(lab, tested=False)).status is Status.OK
    assert lab.ran == [("one", "variant")]


def test_all_tests_are_kept_with_their_logs_and_the_last_of_each_unit_is_found(
    bench: Callable[..., Bench], tmp_path: Path
) -> None:
    _run(bench(Lab({"one": [NO_PROBE], "two": [None]}), attempts=2))
    found = last_tests(tmp_path)
    assert found.unreadable == ()
    assert [(test.slot.unit, test.status, test.attempt) for test in found.records] == [
        ("one", Status.NO_PROBE, 2),
        ("two", Status.OK, 1),
    ]
    assert len(list((tmp_path / "health" / "health_lab").glob("*.log"))) == 3


def test_a_unit_whose_cycles_are_not_those_of_before_drifts_and_is_used(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(bench(Lab({"one": [None]}))).status is Status.OK
    slower = a_measurement((("CONV_2D", (1100, 1100)), ("SOFTMAX", (20, 20))))
    said: list[str] = []
    lab = Lab({"one": [None]})
    made = bench(lab, said=said)
    monkeypatch.setitem(globals(), "a_measurement", lambda: slower)
    assert _run(made).status is Status.OK
    assert said == [
        "one drifts: the image that tests it took 1125 cycles and took 1030 at first, "
        "the median of 1: +9.22 %."
    ]


def test_a_run_is_described_by_the_time_that_the_report_shows() -> None:
    # With 5 cycles between layers, and at 216 MHz. The least would be 1.000 ms.
    measurement: Measurement = a_measurement(layers=(("CONV_2D", (216_000, 432_000, 648_000)),))
    record = a_record((measurement, Correctness(True, 0.0, 0.1, "d" * 64)))
    assert describe(record) == "2.000 ms, correct"
