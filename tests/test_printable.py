"""What would act on a terminal is shown instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with ü and 漢", "plain, with ü and 漢"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31mred", r"\x9b31mred"),
        ("one\ntwo\rthree", r"one\ntwo\rthree"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_to_be_kept_stays() -> None:
    assert printable("one\ntwo\x1b[m", keep="\n") == "one\ntwo\\x1b[m"


@given(st.text())
def test_everything_that_comes_out_prints(text: str) -> None:
    assert printable(text).isprintable()
