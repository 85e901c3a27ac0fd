"""How errors and answers become records."""

import pytest

from mcumatrix import errors
from mcumatrix.model.record import Correctness, Status
from mcumatrix.model.variant import Expectation, Outcome
from mcumatrix.stages.record import status_of
from support.variants import a_measurement, a_record, a_variant


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.BuildError, Status.BUILD),
        (errors.ModelError, Status.BUILD),
        (errors.RenderError, Status.BUILD),
        (errors.FlashError, Status.FLASH),
        (errors.ConsoleError, Status.SERIAL),
        (errors.ConsoleTimeoutError, Status.TIMEOUT),
        (errors.FirmwareError, Status.FIRMWARE),
        (errors.ParseError, Status.PARSE),
        (errors.ToolError, None),
        (errors.StoppedError, None),
        (errors.MatrixError, None),
        (errors.ResultError, None),
    ],
)
def test_each_error_of_a_variant_has_a_status_of_its_own(
    kind: type[errors.McuMatrixError], status: Status | None
) -> None:
    assert status_of(kind("what happened")) is status


def test_a_correct_answer_is_ok() -> None:
    record = a_record()
    assert (record.status, record.reason, record.measurement) == (Status.OK, "", a_measurement())


def test_a_wrong_answer_has_its_times_and_its_reason() -> None:
    record = a_record((a_measurement(), Correctness(False, 0.25, 1e-5, "d" * 64)))
    assert record.status is Status.WRONG_OUTPUT
    assert record.reason == "the answer is off by 0.25, and 1e-05 is allowed"
    assert record.measurement == a_measurement()


def test_an_answer_that_is_right_and_yet_does_not_count_says_why() -> None:
    record = a_record((a_measurement(), Correctness(False, 0.0, 0.0, "d" * 64)))
    assert record.reason == "the repeats gave different answers, or answered another input"


def test_what_was_expected_is_part_of_the_record() -> None:
    record = a_record(variant=a_variant(expect=Expectation(Outcome.FAIL, "hybrid weights")))
    assert (record.expected, record.expected_reason) == (Outcome.FAIL, "hybrid weights")


def test_the_time_is_utc_and_says_so() -> None:
    assert a_record().finished_at.endswith("Z")
