"""The virtual STM32F746 as a board: one that is made when it is taken, so that nobody else can have it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix import vboard
from mcumatrix.errors import FlashError, VirtualBoardError
from mcumatrix.hashing import fingerprint, hash_tree
from mcumatrix.model.catalogue import BoardKind

if TYPE_CHECKING:
    from mcumatrix.vboard import Board

_PACKAGE = Path(vboard.__file__).parent


class VirtualBoard:
    """Runs images in this process, each on a board of its own."""

    @contextmanager
    def take(self) -> Iterator["TakenVirtualBoard"]:
        """A new board; it is gone when it is given back."""
        taken = TakenVirtualBoard()
        try:
            yield taken
        finally:
            taken.close()

    def identity(self) -> Mapping[str, str]:
        """The emulator's version, and a hash over the board's own sources: both can change cycles."""
        sources = {
            name: sha256 for name, sha256 in hash_tree(_PACKAGE, [_PACKAGE]).items() if name.endswith(".py")
        }
        return {"unicorn": version("unicorn"), "vboard": fingerprint("vboard", {"sources": sources})[:16]}


class TakenVirtualBoard:
    """A virtual board of ours."""

    kind = BoardKind.VIRTUAL

    def __init__(self) -> None:
        self._board: Board | None = None

    @property
    def timing_model(self) -> str:
        """How its cycles are made."""
        return vboard.Board.timing_model

    @property
    def serial_port(self) -> str:
        """The pseudo-terminal of USART6."""
        return self._loaded().serial_port

    def load(self, elf: Path) -> None:
        """Reads the image into a new board. Raises FlashError if it is none that fits."""
        try:
            self._board = vboard.Board(vboard.load_elf(elf))
        except VirtualBoardError as error:
            raise FlashError(error.message, hint=error.hint) from error

    def start(self) -> None:
        """Powers the board up."""
        self._loaded().start()

    def fault(self) -> str:
        """The board's own account of a lockup or bus fault."""
        fault = self._board.fault if self._board else None
        return str(fault) if fault else ""

    def close(self) -> None:
        """Switches the board off."""
        if self._board:
            self._board.close()

    def _loaded(self) -> "Board":
        if self._board is None:
            raise FlashError("The virtual board has no image.", hint="Load one first.")
        return self._board
