"""Pins by the names that people give them: PI11."""

import re

from vstm32.base.errors import VirtualBoardError
from vstm32.stm32.gpio import PORTS

_PIN = re.compile(rf"P([{PORTS}])([0-9]|1[0-5])", re.ASCII)


def read_pin(name: str) -> tuple[str, int]:
    """The port and the number of a pin: I and 11 for "PI11".

    Raises:
        VirtualBoardError: there is no such pin.
    """
    match = _PIN.fullmatch(name)
    if match is None:
        raise VirtualBoardError(f"There is no pin {name!r}.", hint="There are PA0 to PK15.")
    return match[1], int(match[2])


def read_driven_pin(text: str) -> tuple[str, int]:
    """A pin and the level of a wire on it, as in "PI11=1".

    Raises:
        VirtualBoardError: it is something else, or there is no such pin.
    """
    name, _, level = text.partition("=")
    read_pin(name)
    if level not in ("0", "1"):
        raise VirtualBoardError(f"{text!r} gives {name} no level.", hint="Write it as in PI11=1 or PI11=0.")
    return name, int(level)
