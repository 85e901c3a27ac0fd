"""A virtual STM32F746NG on the 32F746GDISCOVERY: runs an ELF file, speaks through a serial port.

    from vstm32 import Board, load_elf

    with Board(load_elf("firmware.elf")) as board:
        board.start()
        print(board.serial_port)

How it hangs together is drawn in `system.py`. Times are those of a timing model; see `timing`. Nobody
should mistake them for hardware.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vstm32.base.findings import Finding as Finding
    from vstm32.board.board import Board as Board
    from vstm32.board.firmware import Firmware as Firmware
    from vstm32.board.firmware import load_elf as load_elf

_HOMES = {
    "Board": "board.board",
    "Firmware": "board.firmware",
    "load_elf": "board.firmware",
    "Finding": "base.findings",
}
__all__ = ["Board", "Finding", "Firmware", "load_elf"]


def __getattr__(name: str) -> Any:
    """Loads Unicorn and the hooks only when somebody wants a board."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
