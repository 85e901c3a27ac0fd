"""Options of a board: each once, with its default and its meaning, and checked when they are made."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from vstm32 import BoardOptions, VirtualBoardError
from vstm32.board.options import default_of, meaning_of

WRONG = {
    "a UART that there is not": (
        {"serial": "USART9"},
        "The virtual board has no serial port USART9.\n"
        "  It has USART1, USART2, USART3, UART4, UART5, USART6, UART7, UART8.",
    ),
    "a rate of nothing": (
        {"host_baud": 0},
        "The host cannot listen at 0 baud.\n  115200 is the usual rate.",
    ),
    "another timing model": (
        {"timing": "m4"},
        "The virtual board has no timing model 'm4'.\n"
        "  It has instructions, m7-block-1, m7-cache-2 and m4-1.",
    ),
    "a short id": (
        {"unique_id": b"short"},
        "A unique id has 12 bytes, and not 5.\n  Those of a real chip are at 0x1FF0F420.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_board_cannot_be_is_said_before_there_is_one(case: str) -> None:
    values, sentence = WRONG[case]
    with pytest.raises(VirtualBoardError) as error:
        BoardOptions(**values)  # type: ignore[arg-type]
    assert str(error.value) == sentence


def test_options_stay_as_they_were_made() -> None:
    options: Any = BoardOptions()
    with pytest.raises(FrozenInstanceError):
        options.serial = "USART1"


@pytest.mark.parametrize("name", [field.name for field in fields(BoardOptions)])
def test_each_option_has_a_meaning_for_people(name: str) -> None:
    assert len(meaning_of(name)) > 10
    assert "{" not in meaning_of(name)
    assert default_of(name) == getattr(BoardOptions(), name)
