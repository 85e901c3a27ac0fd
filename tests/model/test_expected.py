"""Whether a failure is the one that is expected."""

import pytest

from mcumatrix.errors import (
    BuildError,
    ConsoleTimeoutError,
    FirmwareError,
    FlashError,
    FlashFault,
    McuMatrixError,
    TooLargeError,
)
from mcumatrix.model.expected import Stage, failed_as_expected, is_expected, stage_of
from mcumatrix.model.record import Correctness, Status
from mcumatrix.model.variant import Expectation, Outcome
from support.variants import a_measurement, a_record

WRONG = (a_measurement(), Correctness(False, 3.0, 0.0, "d" * 64))
RIGHT = (a_measurement(), Correctness(True, 0.0, 0.0, "d" * 64))


@pytest.mark.parametrize("outcome", [BuildError("x"), TooLargeError("x"), FirmwareError("x"), WRONG])
def test_any_failure_of_the_variant_will_do_where_none_is_named(outcome: object) -> None:
    assert failed_as_expected(Expectation(Outcome.FAIL, "x"), a_record(outcome))


@pytest.mark.parametrize(
    "outcome", [FlashError("x", fault=FlashFault.NO_PROBE), ConsoleTimeoutError("x"), RIGHT]
)
def test_what_says_nothing_about_the_variant_and_what_passed_is_no_expected_failure(outcome: object) -> None:
    assert not failed_as_expected(Expectation(Outcome.FAIL, "x"), a_record(outcome))


def test_what_is_refused_before_its_build_is_expected_by_its_status() -> None:
    for status, stage in (("", ""), ("too-large", ""), ("too-large", "build"), ("", "build")):
        assert is_expected(Expectation(Outcome.FAIL, "x", status=status, stage=stage), Status.TOO_LARGE)
    for status, stage in (("timeout", ""), ("too-large", "run"), ("", "check")):
        assert not is_expected(Expectation(Outcome.FAIL, "x", status=status, stage=stage), Status.TOO_LARGE)
    assert not is_expected(Expectation(), Status.TOO_LARGE)


def test_a_broken_build_is_not_expected_of_a_variant_that_is_to_give_a_wrong_answer() -> None:
    for expect in (
        Expectation(Outcome.FAIL, "x", status="wrong-output"),
        Expectation(Outcome.FAIL, "x", stage="check"),
    ):
        assert failed_as_expected(expect, a_record(WRONG))
        assert not failed_as_expected(expect, a_record(BuildError("x")))


def test_a_failure_of_the_infrastructure_can_be_expected_by_name() -> None:
    silent = ConsoleTimeoutError("x")
    assert failed_as_expected(Expectation(Outcome.FAIL, "x", status="timeout", stage="run"), a_record(silent))
    assert not failed_as_expected(
        Expectation(Outcome.FAIL, "x", status="timeout", stage="flash"), a_record(silent)
    )


def test_nothing_that_is_to_pass_fails_as_expected() -> None:
    failed: McuMatrixError = FirmwareError("x")
    assert not failed_as_expected(Expectation(), a_record(failed))


def test_every_status_has_a_stage_but_those_that_are_no_failure_or_were_never_begun() -> None:
    assert [status for status in Status if stage_of(status) is None] == [Status.OK, Status.BLOCKED]
    assert {stage_of(status) for status in Status} == {None, *Stage}
    assert stage_of(Status.VERIFY) is Stage.FLASH
