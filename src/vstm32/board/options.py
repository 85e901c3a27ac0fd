"""What can be chosen about a board: each option once, with its default and what it means.

The command line, the daemon and Python take their defaults, names and texts from here.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from vstm32.base.chip import Chip, FlashLayout
from vstm32.base.errors import VirtualBoardError
from vstm32.chips import DEFAULT_CHIP, chips, find_chip
from vstm32.timing import TIMING_MODELS, timing_model

CHIPS = tuple(name for chip in chips() for name in chip.names)
SERIAL_PORTS = tuple(dict.fromkeys(usart.name for chip in chips() for usart in chip.usarts))
"""UARTs that any of the chips has."""

UNIQUE_ID_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """How a board is made. What is beside a type is the option's meaning, for people.

    Raises:
        VirtualBoardError: there is no such chip, UART or timing model, its flash has no such banks, the host
            cannot listen at that rate, or the unique id has another length than 12 bytes.
    """

    chip: Annotated[
        str,
        "the chip, and with it the board that it stands on: "
        + "; ".join(f"{' or '.join(chip.names)}, on the {chip.kit.name}" for chip in chips())
        + " (default {default})",
    ] = DEFAULT_CHIP
    serial: Annotated[
        str | None,
        "which UART is the serial port. "
        + "; ".join(f"On the {chip.kit.name}: {chip.kit.serial_ports}" for chip in chips())
        + " (default: the first of these)",
    ] = None
    flash_banks: Annotated[
        int | None, "into how many banks the chip's flash is divided (default: as it is delivered)"
    ] = None
    host_baud: Annotated[int, "rate at which the host listens, in bits per second (default {default})"] = (
        115_200
    )
    timing: Annotated[
        str | None,
        "how cycles are made: "
        + "; ".join(f"{model.name}, {model.summary}" for model in TIMING_MODELS.values())
        + " (default: "
        + ", ".join(f"{chip.default_timing} for {chip.names[0]}" for chip in chips())
        + ")",
    ] = None
    random_seed: Annotated[int, "what RNG's numbers follow from (default {default})"] = 0
    unique_id: Annotated[bytes, "the 12 bytes at 0x1FF0F420"] = b"mcumatrix-VB"
    powered: Annotated[bool, "whether the board is on when it is made"] = True
    flash: Annotated[Path | None, "a file that keeps what is in flash; without it, flash is erased"] = None
    external_flash: Annotated[
        Path | None,
        "a file that keeps what is in the serial flash on the board; without it, that is erased",
    ] = None
    survey: Annotated[
        bool,
        "no measurement: registers that are not modelled read as after reset and are listed in the end; "
        "without it they are faults",
    ] = False
    link: Annotated[Path | None, "keep a symbolic link to the serial port at PATH"] = None

    def __post_init__(self) -> None:
        chip = find_chip(self.chip)
        names = [usart.name for usart in chip.usarts]
        if self.serial is not None and self.serial not in names:
            raise VirtualBoardError(
                f"The virtual board has no serial port {self.serial}.",
                hint="It has " + ", ".join(names) + ".",
            )
        self._flash_layout(chip)
        if self.external_flash is not None and chip.kit.serial_flash is None:
            raise VirtualBoardError(
                f"The {chip.kit.name} has no serial flash.",
                hint="Leave the file for its contents out, or take another board.",
            )
        if self.host_baud < 1:
            raise VirtualBoardError(
                f"The host cannot listen at {self.host_baud} baud.", hint="115200 is the usual rate."
            )
        timing_model(self.timing_model)
        if self.timing_model not in chip.expected_errors:
            raise VirtualBoardError(
                f"The timing model {self.timing_model} is not for the {chip.part}.",
                hint="For it there is " + " and ".join(chip.expected_errors) + ".",
            )
        if len(self.unique_id) != UNIQUE_ID_BYTES:
            raise VirtualBoardError(
                f"A unique id has {UNIQUE_ID_BYTES} bytes, and not {len(self.unique_id)}.",
                hint="Those of a real chip are at 0x1FF0F420.",
            )

    @property
    def of_chip(self) -> Chip:
        """All that is known of the chip."""
        return find_chip(self.chip)

    @property
    def serial_port(self) -> str:
        """The UART that is the serial port."""
        return self.serial or self.of_chip.kit.serial

    @property
    def timing_model(self) -> str:
        """The name of the timing model that makes its cycles."""
        return self.timing or self.of_chip.default_timing

    @property
    def flash_layout(self) -> FlashLayout:
        """How flash is divided."""
        return self._flash_layout(self.of_chip)

    @property
    def expected_error(self) -> str:
        """How far a time may be from that of a real board, as a phrase that stands beside times."""
        return self.of_chip.expected_errors[self.timing_model]

    def _flash_layout(self, chip: Chip) -> FlashLayout:
        layouts = chip.flash.layouts
        for layout in layouts:
            if self.flash_banks in (None, len(layout.banks)):
                return layout
        raise VirtualBoardError(
            f"The flash of the {chip.part} cannot be divided into {self.flash_banks} banks.",
            hint="It can have " + " or ".join(str(len(layout.banks)) for layout in layouts) + ".",
        )


def meaning_of(option: str) -> str:
    """What an option of a board is for, as a phrase that names its default."""
    (meaning,) = get_type_hints(BoardOptions, include_extras=True)[option].__metadata__
    return str(meaning).format(default=default_of(option))


def default_of(option: str) -> Any:
    """What an option of a board is if nobody says otherwise."""
    return next(one.default for one in fields(BoardOptions) if one.name == option)
