"""Virtual STM32 boards, one for each chip in `chips`: they run an ELF file as the real board would.

    from vstm32 import Board, load_elf

    with Board(load_elf("firmware.elf")) as board:
        board.run_until_it_waits(timeout_seconds=60)
        print(board.line().read().decode())
        print(board.cycles, board.findings)

What is named here is the public API, told with examples in `docs/virtual-board.md`, "From Python". Times are
those of a timing model; see `timing`. Nobody should mistake them for hardware.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vstm32.base.errors import VirtualBoardError as VirtualBoardError
    from vstm32.base.findings import Direction as Direction
    from vstm32.base.findings import Finding as Finding
    from vstm32.base.findings import FindingKind as FindingKind
    from vstm32.base.serial_line import SerialLine as SerialLine
    from vstm32.base.symbols import Functions as Functions
    from vstm32.base.symbols import read_functions as read_functions
    from vstm32.board.board import Board as Board
    from vstm32.board.firmware import Firmware as Firmware
    from vstm32.board.firmware import load_elf as load_elf
    from vstm32.board.firmware import load_firmware as load_firmware
    from vstm32.board.injection import Injection as Injection
    from vstm32.board.last_word import Prospect as Prospect
    from vstm32.board.options import BoardOptions as BoardOptions
    from vstm32.debug.attached_probe import AttachedProbe as AttachedProbe
    from vstm32.look.trace import Trace as Trace

_HOMES = {
    "AttachedProbe": "debug.attached_probe",
    "Board": "board.board",
    "BoardOptions": "board.options",
    "Direction": "base.findings",
    "Finding": "base.findings",
    "FindingKind": "base.findings",
    "Firmware": "board.firmware",
    "Functions": "base.symbols",
    "Injection": "board.injection",
    "Prospect": "board.last_word",
    "SerialLine": "base.serial_line",
    "Trace": "look.trace",
    "VirtualBoardError": "base.errors",
    "load_elf": "board.firmware",
    "load_firmware": "board.firmware",
    "read_functions": "base.symbols",
}
__all__ = [
    "AttachedProbe",
    "Board",
    "BoardOptions",
    "Direction",
    "Finding",
    "FindingKind",
    "Firmware",
    "Functions",
    "Injection",
    "Prospect",
    "SerialLine",
    "Trace",
    "VirtualBoardError",
    "load_elf",
    "load_firmware",
    "read_functions",
]


def __getattr__(name: str) -> Any:
    """Loads Unicorn and the hooks only when somebody wants a board."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
