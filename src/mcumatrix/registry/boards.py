"""Boards by the key `adapter` of their files, or their kind; and what is attached to this machine."""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Lock
from typing import Any

from mcumatrix.model.attached import Attached, AttachedProbe, RunningVirtualBoard
from mcumatrix.model.catalogue import DEFAULT_FLASHER, LABGRID
from mcumatrix.model.catalogue import Board as BoardEntry
from mcumatrix.plugins import Kind
from mcumatrix.ports import Board
from mcumatrix.registry.by_name import make_adapter
from mcumatrix.registry.flashers import FLASHERS, flasher


def _virtual_board(entry: BoardEntry, *, folder: Path, find_probe: Any, **options: Any) -> Board:  # noqa: ARG001
    from mcumatrix.adapters.boards.virtual import VirtualBoard

    return VirtualBoard(entry, folder, **options)


def _real_board(entry: BoardEntry, *, folder: Path, find_probe: Any, **options: Any) -> Board:  # noqa: ARG001
    from mcumatrix.adapters.boards.real import RealBoard

    return RealBoard(entry, find_probe, **options)


def _labgrid_board(entry: BoardEntry, *, folder: Path, find_probe: Any, **options: Any) -> Board:  # noqa: ARG001
    from mcumatrix.adapters.boards.labgrid.board import LabgridBoard

    return LabgridBoard(entry, **options)


BOARDS: dict[str, Callable[..., Board]] = {
    "virtual": _virtual_board,
    "real": _real_board,
    LABGRID: _labgrid_board,
}


class Boards:
    """The boards of a run. Each is made once, so that a virtual board that runs already is used again."""

    def __init__(self, folder: Path, *, wait: bool, say: Callable[[str], None]) -> None:
        """`folder` keeps what virtual boards have in flash. Without `wait`, a board that others have is an
        error; `say` gets a line when somebody has to wait."""
        self._folder = folder
        self._wait = wait
        self._say = say
        self.stopped = Event()
        """Set when everything is to end: nobody waits for a board any more."""
        self._lock = Lock()
        self._boards: dict[BoardEntry, Board] = {}

    def get(self, entry: BoardEntry) -> Board:
        """The board of a catalogue entry.

        Raises:
            MatrixError: its file names a flasher or an adapter that is not there.
            ToolError: that of another package does not work.
        """
        with self._lock:
            if entry not in self._boards:
                self._boards[entry] = self._make(entry)
            return self._boards[entry]

    def _make(self, entry: BoardEntry) -> Board:
        made: Board = make_adapter(
            Kind.BOARD,
            BOARDS,
            entry.adapter or entry.kind,
            f"the board {entry.name}",
            Board,
            entry,
            folder=self._folder,
            find_probe=flasher(entry).find_probe,
            wait=self._wait,
            say=self._say,
            stop=self.stopped,
        )
        return made

    def close(self) -> None:
        """Ends what was started for them, and whoever waits."""
        self.stopped.set()
        with self._lock:
            boards, self._boards = self._boards, {}
        for each in boards.values():
            each.close()


def attached(wanted: Iterable[str] = (), boards: Iterable[BoardEntry] = ()) -> Attached:
    """What is attached to this machine.

    `wanted` are paths of serial ports to look at in any case. Probes are those that pyOCD sees, and those
    that the flashers of `boards` see; places of labgrid are those of `boards`.

    Raises:
        MatrixError: a board's flasher is unknown.
        ToolError: another package's flasher does not work.
    """
    from mcumatrix.adapters.boards.labgrid.looking import attached_places
    from mcumatrix.adapters.consoles.serial_port import attached_ports
    from vstm32.app.running import running_boards
    from vstm32.base.errors import VirtualBoardError

    boards = tuple(boards)
    problems: tuple[AttachedProbe, ...] = ()
    virtual: tuple[RunningVirtualBoard, ...] = ()
    try:
        virtual = tuple(
            RunningVirtualBoard(board.uid, board.name, board.serial_port, board.pid)
            for board in running_boards()
        )
    except VirtualBoardError as error:
        problems = (AttachedProbe("", "virtual boards", error.message),)
    flashers = {DEFAULT_FLASHER: FLASHERS[DEFAULT_FLASHER]()}
    flashers |= {board.flasher: flasher(board) for board in boards}
    seen = dict.fromkeys(probe for one in flashers.values() for probe in one.attached())
    return Attached((*seen, *problems), attached_ports(wanted), virtual, attached_places(boards))


def hooks_missing() -> str:
    """Why the hooks of virtual boards cannot be loaded, with what to do; empty where they can."""
    from vstm32.base.errors import VirtualBoardError

    try:
        import vstm32.native.library  # noqa: F401
    except VirtualBoardError as error:
        return str(error)
    return ""
