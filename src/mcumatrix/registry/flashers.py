"""What gets images onto boards, by the key `flasher` of their files."""

from collections.abc import Callable

from mcumatrix.model.catalogue import DEFAULT_FLASHER
from mcumatrix.model.catalogue import Board as BoardEntry
from mcumatrix.plugins import Kind
from mcumatrix.ports import Flasher
from mcumatrix.registry.by_name import make_adapter


def _pyocd() -> Flasher:
    from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher

    return PyocdFlasher()


FLASHERS: dict[str, Callable[[], Flasher]] = {DEFAULT_FLASHER: _pyocd}


def flasher(board: BoardEntry) -> Flasher:
    """What gets images onto a board, by the key `flasher` of its file.

    Raises:
        MatrixError: nothing is called so.
        ToolError: another package's flasher does not work.
    """
    made: Flasher = make_adapter(Kind.FLASHER, FLASHERS, board.flasher, f"the board {board.name}", Flasher)
    return made
