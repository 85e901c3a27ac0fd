"""What can be wrong with a virtual board on purpose, so that software for boards can be tested."""

import json
from dataclasses import dataclass, fields
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from vstm32.base.errors import VirtualBoardError

FAULTS_VARIABLE = "VSTM32_FAULTS"
"""Names the faults of a board from its start until it is switched off for the first time, as JSON."""


@dataclass(frozen=True, slots=True)
class Injection:
    """The faults of a board. They stay until they are taken back, through resets too."""

    refuse_unlock: bool = False
    """The FLASH controller takes no keys."""

    fail_erase: bool = False
    """Erasing ends with an error flag, and erases nothing."""

    fail_program: bool = False
    """Programming ends with an error flag, and changes nothing."""

    stay_busy: bool = False
    """The FLASH controller never leaves busy."""

    flip_byte: int | None = None
    """Address of a byte that gets a wrong bit when it is programmed the next time; once."""

    drop_link_after: int | None = None
    """The debug port hangs up when it has received that many bytes from now on; once."""

    silent: bool = False
    """Nothing that the firmware sends leaves the board."""

    device_id: int | None = None
    """What DBGMCU_IDCODE.DEV_ID says instead of the chip's own."""

    hold_reset: bool = False
    """The reset pin stays low whatever the probe does."""

    no_core: bool = False
    """The debug port answers, and there is no access port behind it."""


def read_injection(values: dict[str, Any]) -> Injection:
    """The faults that a mapping of names names.

    Raises:
        VirtualBoardError: there is no such fault, or its value is of another type.
    """
    hints = get_type_hints(Injection)
    names = [field.name for field in fields(Injection)]
    for name, value in values.items():
        if name not in names:
            raise VirtualBoardError(
                f"The virtual board has no fault {name!r}.", hint=f"There are: {', '.join(names)}."
            )
        hint = hints[name]
        kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        if type(value) not in kinds or (type(value) is int and value < 0):
            wanted = " or ".join("null" if kind is NoneType else kind.__name__ for kind in kinds)
            raise VirtualBoardError(
                f"The fault {name} cannot be {value!r}.", hint=f"It is {wanted}, and not negative."
            )
    return Injection(**values)


def parse_injection(text: str) -> Injection:
    """The faults that a text of JSON names, such as `{"silent": true}`.

    Raises:
        VirtualBoardError: it is not an object, or see `read_injection`.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise VirtualBoardError(
            f"{text!r} names no faults: it is not JSON.", hint='Write it as in {"silent": true}.'
        ) from error
    if not isinstance(values, dict):
        raise VirtualBoardError(
            f"{text!r} names no faults: it is not an object.", hint='Write it as in {"silent": true}.'
        )
    return read_injection(values)
