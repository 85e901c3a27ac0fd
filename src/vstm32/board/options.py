"""What can be chosen about a board: each option once, with its default and what it means.

The command line, the daemon and Python take their defaults, names and texts from here.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from vstm32.base.errors import VirtualBoardError
from vstm32.stm32.wiring import USARTS
from vstm32.timing import DEFAULT_TIMING_MODEL, TIMING_MODELS, timing_model

SERIAL_PORTS = tuple(wiring.name for wiring in USARTS)
UNIQUE_ID_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """How a board is made. What is beside a type is the option's meaning, for people.

    Raises:
        VirtualBoardError: there is no such UART or timing model, the host cannot listen at that rate, or the
            unique id has another length than 12 bytes.
    """

    serial: Annotated[
        str,
        "which UART is the serial port: USART6 on PC6 and PC7 (default), USART1 on PA9 and PB7, others "
        "on any of their pins",
    ] = "USART6"
    host_baud: Annotated[int, "rate at which the host listens, in bits per second (default {default})"] = (
        115_200
    )
    timing: Annotated[
        str,
        "how cycles are made: "
        + "; ".join(f"{model.name}, {model.summary}" for model in TIMING_MODELS.values())
        + " (default {default})",
    ] = DEFAULT_TIMING_MODEL
    random_seed: Annotated[int, "what RNG's numbers follow from (default {default})"] = 0
    unique_id: Annotated[bytes, "the 12 bytes at 0x1FF0F420"] = b"mcumatrix-VB"
    powered: Annotated[bool, "whether the board is on when it is made"] = True
    flash: Annotated[Path | None, "a file that keeps what is in flash; without it, flash is erased"] = None
    link: Annotated[Path | None, "keep a symbolic link to the serial port at PATH"] = None

    def __post_init__(self) -> None:
        if self.serial not in SERIAL_PORTS:
            raise VirtualBoardError(
                f"The virtual board has no serial port {self.serial}.",
                hint="It has " + ", ".join(SERIAL_PORTS) + ".",
            )
        if self.host_baud < 1:
            raise VirtualBoardError(
                f"The host cannot listen at {self.host_baud} baud.", hint="115200 is the usual rate."
            )
        timing_model(self.timing)
        if len(self.unique_id) != UNIQUE_ID_BYTES:
            raise VirtualBoardError(
                f"A unique id has {UNIQUE_ID_BYTES} bytes, and not {len(self.unique_id)}.",
                hint="Those of a real chip are at 0x1FF0F420.",
            )


def meaning_of(option: str) -> str:
    """What an option of a board is for, as a phrase that names its default."""
    (meaning,) = get_type_hints(BoardOptions, include_extras=True)[option].__metadata__
    return str(meaning).format(default=default_of(option))


def default_of(option: str) -> Any:
    """What an option of a board is if nobody says otherwise."""
    return next(one.default for one in fields(BoardOptions) if one.name == option)
