"""Quantities as people write them, and as numbers with the unit in the name."""

import re

_FREQUENCY = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>Hz|kHz|MHz|GHz)", re.ASCII)
_HZ = {"Hz": 1, "kHz": 1_000, "MHz": 1_000_000, "GHz": 1_000_000_000}


def parse_frequency_hz(text: str) -> int:
    """Reads a frequency such as `216 MHz`, `216MHz` or `1.5 kHz` as whole hertz.

    Raises:
        ValueError: not a number with a unit, zero, or not a whole number of hertz.
    """
    match = _FREQUENCY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a frequency; write a number and a unit, such as '216 MHz'")
    whole, _, fraction = match["number"].partition(".")
    ten_to_the_digits: int = 10 ** len(fraction)
    scaled, rest = divmod(int(whole + fraction) * _HZ[match["unit"]], ten_to_the_digits)
    if rest or not scaled:
        raise ValueError(f"{text!r} is not a whole, positive number of hertz")
    return scaled


def format_frequency(frequency_hz: int) -> str:
    """Writes whole hertz in the largest unit that needs no fraction: 216000000 is `216 MHz`."""
    for unit in ("GHz", "MHz", "kHz"):
        if frequency_hz and frequency_hz % _HZ[unit] == 0:
            return f"{frequency_hz // _HZ[unit]} {unit}"
    return f"{frequency_hz} Hz"


def milliseconds(cycles: float, clock_hz: int) -> float:
    """The time that `cycles` of a clock of `clock_hz` take, in milliseconds."""
    return cycles * 1_000 / clock_hz
