"""Names to adapters. Each is imported when it is asked for, so that a command loads only what it uses."""

from pathlib import Path

from mcumatrix.errors import MatrixError
from mcumatrix.model.catalogue import Board as BoardEntry
from mcumatrix.model.catalogue import BoardKind, Model
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.network import Network
from mcumatrix.ports import Board, Builder, Console, Flasher, Runtime


def builder(cache: Path) -> Builder:
    """The builder that executes plans; `cache` is a folder that it may keep between runs."""
    from mcumatrix.adapters.builders.local import LocalBuilder

    return LocalBuilder(cache)


def runtime(adapter: str, firmware: Path, templates: Path) -> Runtime:
    """The code that prepares a runtime, by the name in its catalogue entry. Raises MatrixError."""
    if adapter == "builtin":
        from mcumatrix.adapters.runtimes.builtin import BuiltinRuntime

        return BuiltinRuntime(firmware, templates)
    raise MatrixError(
        f"no adapter is called {adapter!r}", hint="There is: builtin. See matrix/runtimes/ for the entry."
    )


def network(entry: Model) -> Network:
    """What the file of a model holds. Raises ModelError."""
    from mcumatrix.adapters.models.tflite_file import read_network

    return read_network(entry.file)


def golden_case(entry: Model) -> GoldenCase:
    """The digit that is built into the firmware, with its right answer. Raises ModelError."""
    from mcumatrix.adapters.models.golden_case import read_golden_case

    return read_golden_case(entry)


def board(entry: BoardEntry) -> Board:
    """The board of a catalogue entry. Raises MatrixError."""
    if entry.kind is BoardKind.VIRTUAL:
        from mcumatrix.adapters.boards.virtual import VirtualBoard

        return VirtualBoard()
    raise MatrixError(
        f"board {entry.name} is a real one, and nothing here can flash it yet",
        hint="Use a virtual board, such as virtual-f746.",
    )


def flasher() -> Flasher:
    """What gets images onto boards."""
    from mcumatrix.adapters.flashers.handover import HandoverFlasher

    return HandoverFlasher()


def open_console(port: str, baud: int) -> Console:
    """Opens a serial line."""
    from mcumatrix.adapters.consoles.serial_port import SerialPort

    return SerialPort(port, baud)
