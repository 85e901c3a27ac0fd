"""Quantities as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.units import (
    format_duration,
    format_frequency,
    milliseconds,
    parse_duration_s,
    parse_frequency_hz,
)


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


@pytest.mark.parametrize(
    ("text", "duration_s"),
    [
        ("10 s", 10.0),
        ("10s", 10.0),
        (" 10  s ", 10.0),
        ("500 ms", 0.5),
        ("0.001 s", 0.001),
        ("1.5 min", 90.0),
        ("2 min", 120.0),
        ("1 h", 3600.0),
        ("3600 s", 3600.0),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration_s: float) -> None:
    assert parse_duration_s(text) == duration_s


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "s",
        "10 S",
        "10 sec",
        "-1 s",
        "+1 s",
        "1e3 ms",
        ".5 s",
        "1. s",
        "1,5 s",
        "٣ s",
        "9" * 10 + " s",
    ],
)
def test_what_is_no_duration_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration_s(text)
    assert str(caught.value) == f"{text!r} is not a duration; write a number and a unit, such as '10 s'"


@pytest.mark.parametrize("text", ["0 s", "0.0 min", "0.5 ms", "1.0005 s"])
def test_a_duration_is_a_whole_positive_number_of_milliseconds(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration_s(text)
    assert str(caught.value) == f"{text!r} is not a whole, positive number of milliseconds"


@pytest.mark.parametrize("text", ["3601 s", "61 min", "1.1 h", "999999999 h"])
def test_a_duration_is_at_most_an_hour(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration_s(text)
    assert str(caught.value) == f"{text!r} is more than 1 h"


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [(10.0, "10 s"), (0.5, "500 ms"), (90.0, "90 s"), (120.0, "2 min"), (3600.0, "1 h"), (0.0, "0 ms")],
)
def test_a_duration_is_written_in_the_largest_unit_without_a_fraction(duration_s: float, text: str) -> None:
    assert format_duration(duration_s) == text


@given(st.integers(1, 3_600_000))
def test_a_written_duration_is_read_as_the_same(duration_ms: int) -> None:
    assert parse_duration_s(format_duration(duration_ms / 1_000)) == duration_ms / 1_000


@given(st.text(alphabet="0123456789. smhin-", max_size=12))
def test_whatever_is_read_as_a_duration_is_positive_and_at_most_an_hour(text: str) -> None:
    try:
        duration_s = parse_duration_s(text)
    except ValueError:
        return
    assert 0 < duration_s <= 3600


def test_cycles_of_a_clock_take_milliseconds() -> None:
    assert milliseconds(5_441_040, 216_000_000) == 25.19
    assert milliseconds(0, 216_000_000) == 0
