"""Faults by name."""

import pytest

from vstm32.base.errors import VirtualBoardError
from vstm32.board.injection import Injection, parse_injection, read_injection


def test_nothing_is_wrong_with_a_board_at_first() -> None:
    assert read_injection({}) == Injection()


def test_faults_are_named_with_their_values() -> None:
    wanted = Injection(silent=True, flip_byte=0x0800_1000, device_id=0x451)
    assert read_injection({"silent": True, "flip_byte": 0x0800_1000, "device_id": 0x451}) == wanted


def test_a_fault_can_be_taken_back_by_its_name() -> None:
    assert read_injection({"silent": False, "flip_byte": None}) == Injection()


WRONG = {
    "an unknown fault": (
        {"slient": True},
        "The virtual board has no fault 'slient'.\n  There are: refuse_unlock, fail_erase, fail_program, "
        "stay_busy, flip_byte, drop_link_after, silent, device_id, hold_reset, no_core.",
    ),
    "a number for a switch": (
        {"silent": 1},
        "The fault silent cannot be 1.\n  It is bool, and not negative.",
    ),
    "a switch for a number": (
        {"flip_byte": True},
        "The fault flip_byte cannot be True.\n  It is int or null, and not negative.",
    ),
    "a negative number": (
        {"device_id": -1},
        "The fault device_id cannot be -1.\n  It is int or null, and not negative.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_fault_is_refused_with_what_there_is(case: str) -> None:
    values, message = WRONG[case]
    with pytest.raises(VirtualBoardError) as error:
        read_injection(values)
    assert str(error.value) == message


def test_faults_can_be_written_as_json() -> None:
    assert parse_injection('{"silent": true}') == Injection(silent=True)


@pytest.mark.parametrize(("text", "why"), [("silent", "it is not JSON"), ("[1]", "it is not an object")])
def test_a_text_without_faults_is_refused(text: str, why: str) -> None:
    with pytest.raises(VirtualBoardError) as error:
        parse_injection(text)
    assert str(error.value) == f'{text!r} names no faults: {why}.\n  Write it as in {{"silent": true}}.'
