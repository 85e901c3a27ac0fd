"""Quantities as people write them, and as numbers with the unit in the name."""

import re

_FREQUENCY = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>Hz|kHz|MHz|GHz)", re.ASCII)
_HZ = {"Hz": 1, "kHz": 1_000, "MHz": 1_000_000, "GHz": 1_000_000_000}
_DURATION = re.compile(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,9})?)\s*(?P<unit>ms|s|min|h)", re.ASCII)
_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}

MAXIMUM_DURATION_S = 3_600.0
"""No wait that a person writes down is longer: it would be a mistake."""


def parse_frequency_hz(text: str) -> int:
    """Reads a frequency such as `216 MHz`, `216MHz` or `1.5 kHz` as whole hertz.

    Raises:
        ValueError: not a number with a unit, zero, or not a whole number of hertz.
    """
    match = _FREQUENCY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a frequency; write a number and a unit, such as '216 MHz'")
    frequency_hz = _whole(match["number"], _HZ[match["unit"]])
    if not frequency_hz:
        raise ValueError(f"{text!r} is not a whole, positive number of hertz")
    return frequency_hz


def format_frequency(frequency_hz: int) -> str:
    """Writes whole hertz in the largest unit that needs no fraction: 216000000 is `216 MHz`."""
    for unit in ("GHz", "MHz", "kHz"):
        if frequency_hz and frequency_hz % _HZ[unit] == 0:
            return f"{frequency_hz // _HZ[unit]} {unit}"
    return f"{frequency_hz} Hz"


def parse_duration_s(text: str, maximum_s: float = MAXIMUM_DURATION_S) -> float:
    """Reads a duration such as `10 s`, `500 ms` or `1.5 min` as seconds.

    Raises:
        ValueError: not a number with a unit, zero, not a whole number of milliseconds, or more than an hour,
            or than `maximum_s`.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as '10 s'")
    duration_ms = _whole(match["number"], _MILLISECONDS[match["unit"]])
    if not duration_ms:
        raise ValueError(f"{text!r} is not a whole, positive number of milliseconds")
    duration_s = duration_ms / 1_000
    if duration_s > maximum_s:
        raise ValueError(f"{text!r} is more than {format_duration(maximum_s)}")
    return duration_s


def format_duration(duration_s: float) -> str:
    """Writes seconds, as exact as milliseconds, in the largest unit without a fraction: 0.5 is `500 ms`."""
    duration_ms = round(duration_s * 1_000)
    for unit in ("h", "min", "s"):
        if duration_ms and duration_ms % _MILLISECONDS[unit] == 0:
            return f"{duration_ms // _MILLISECONDS[unit]} {unit}"
    return f"{duration_ms} ms"


def _whole(number: str, factor: int) -> int:
    """A decimal number times a factor, or 0 if that is not whole."""
    whole, _, fraction = number.partition(".")
    ten_to_the_digits: int = 10 ** len(fraction)
    scaled, rest = divmod(int(whole + fraction) * factor, ten_to_the_digits)
    return 0 if rest else scaled


def milliseconds(cycles: float, clock_hz: int) -> float:
    """The time that `cycles` of a clock of `clock_hz` take, in milliseconds."""
    return cycles * 1_000 / clock_hz
