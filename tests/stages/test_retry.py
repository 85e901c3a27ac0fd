"""What is tried again within a run, how often, and after which pauses."""

import pytest

from mcumatrix import errors
from mcumatrix.errors import FlashError, FlashFault
from mcumatrix.model.record import Cause, Record, Status, cause_of
from mcumatrix.stages.retry import Retries
from support.variants import a_record

NO_PROBE = FlashError("the probe is not attached", fault=FlashFault.NO_PROBE)


def _at(attempt: int, error: errors.McuMatrixError) -> Record:
    return a_record(error, earlier=tuple(f"record-{number}" for number in range(1, attempt)))


def test_infrastructure_is_tried_again_with_growing_pauses_and_not_for_ever() -> None:
    retries = Retries(attempts=8)
    pauses = [retries.pause_after_s(_at(attempt, NO_PROBE)) for attempt in range(1, 9)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, None]


@pytest.mark.parametrize(
    "error",
    [
        errors.BuildError("it does not compile"),
        errors.TooLargeError("it does not fit"),
        errors.ParseError("a line is missing"),
        errors.FirmwareError("a fault"),
        FlashError("another probe", fault=FlashFault.WRONG_PROBE),
        FlashError("another chip", fault=FlashFault.WRONG_DEVICE),
        FlashError("locked", fault=FlashFault.UNLOCK_REFUSED),
    ],
)
def test_what_would_end_so_again_is_not_tried_again(error: errors.McuMatrixError) -> None:
    assert Retries().pause_after_s(_at(1, error)) is None


def test_an_answer_is_never_tried_again() -> None:
    assert Retries().pause_after_s(a_record()) is None


def test_one_attempt_is_one_attempt() -> None:
    assert Retries(attempts=1).pause_after_s(_at(1, NO_PROBE)) is None


@pytest.mark.parametrize("status", Status)
def test_every_status_has_one_cause(status: Status) -> None:
    expected = {
        Status.OK: None,
        Status.WRONG_OUTPUT: Cause.TARGET,
        Status.PARSE: Cause.TARGET,
        Status.FIRMWARE: Cause.TARGET,
        Status.BUILD: Cause.BUILD,
        Status.TOO_LARGE: Cause.BUILD,
    }
    assert cause_of(status) is expected.get(status, Cause.INFRASTRUCTURE)


def test_silence_is_the_targets_where_the_board_says_why() -> None:
    silence = errors.ConsoleTimeoutError("the board sent 0 bytes")
    assert a_record(silence).cause is Cause.INFRASTRUCTURE
    assert a_record(silence, fault="Lockup at 0x08000100").cause is Cause.TARGET


def test_a_pass_after_another_attempt_is_flaky_and_names_it() -> None:
    record = a_record(earlier=("record-1",))
    assert (record.status, record.attempt, record.earlier, record.flaky) == (
        Status.OK,
        2,
        ("record-1",),
        True,
    )
    assert not a_record().flaky
    assert not _at(2, NO_PROBE).flaky
