"""Quantities as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.units import format_frequency, milliseconds, parse_frequency_hz


@pytest.mark.parametrize(
    ("text", "frequency_hz"),
    [
        ("216 MHz", 216_000_000),
        ("216MHz", 216_000_000),
        (" 216  MHz ", 216_000_000),
        ("0.216 GHz", 216_000_000),
        ("216.000 MHz", 216_000_000),
        ("1.5 kHz", 1_500),
        ("1 Hz", 1),
        ("007 Hz", 7),
    ],
)
def test_a_frequency_is_a_number_and_a_unit(text: str, frequency_hz: int) -> None:
    assert parse_frequency_hz(text) == frequency_hz


@pytest.mark.parametrize(
    "text",
    [
        "",
        "216",
        "MHz",
        "216 mhz",
        "216 mHz",
        "-1 Hz",
        "+1 Hz",
        "1e6 Hz",
        ".5 MHz",
        "1. MHz",
        "1,5 MHz",
        "٣ Hz",
    ],
)
def test_what_is_no_frequency_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_frequency_hz(text)
    assert str(caught.value) == (f"{text!r} is not a frequency; write a number and a unit, such as '216 MHz'")


@pytest.mark.parametrize("text", ["0 Hz", "0.0 GHz", "0.5 Hz", "1.0005 kHz"])
def test_a_frequency_is_a_whole_positive_number_of_hertz(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_frequency_hz(text)
    assert str(caught.value) == f"{text!r} is not a whole, positive number of hertz"


@pytest.mark.parametrize(
    ("frequency_hz", "text"),
    [
        (216_000_000, "216 MHz"),
        (1_500_000, "1500 kHz"),
        (2_000_000_000, "2 GHz"),
        (115_200, "115200 Hz"),
        (1, "1 Hz"),
        (0, "0 Hz"),
    ],
)
def test_a_frequency_is_written_in_the_largest_unit_without_a_fraction(frequency_hz: int, text: str) -> None:
    assert format_frequency(frequency_hz) == text


@given(st.integers(1, 2**40))
def test_a_written_frequency_is_read_as_the_same(frequency_hz: int) -> None:
    assert parse_frequency_hz(format_frequency(frequency_hz)) == frequency_hz


def test_cycles_of_a_clock_take_milliseconds() -> None:
    assert milliseconds(5_441_040, 216_000_000) == 25.19
    assert milliseconds(0, 216_000_000) == 0
