"""A debug probe on a board, with its cable plugged into this machine: a TCP port for pyOCD."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from vstm32.board.board import Board
from vstm32.board.injection import Injection
from vstm32.debug.board_probe import BoardProbe
from vstm32.debug.probe_server import ProbeServer


class AttachedProbe:
    """For `pyocd -u remote:localhost:PORT -t TARGET`, from the moment it is made until `close`.

    The board runs in its own thread meanwhile (`Board.start`), or stands still.
    """

    def __init__(self, board: Board, port: int = 0) -> None:
        """`port` is a port of 127.0.0.1, 0 for any free one.

        Raises:
            VirtualBoardError: the port cannot be had.
        """
        self._board = board
        self._probe = BoardProbe(board)
        self._server = ProbeServer(self._probe, port, self._probe.lose_client)
        board.attach(self)
        self._server.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def power_came(self) -> None:
        """See `board.Attached`: the debug port begins anew."""
        self._probe.power_on()

    def faults_changed(self, injection: Injection) -> None:
        """See `board.Attached`: a cable that breaks, and a chip of which only the debug port answers."""
        self._server.drop_after_bytes = injection.drop_link_after
        self._probe.dap.access_port_absent = injection.no_core

    def close(self) -> None:
        """Ends all connections; nobody holds the reset pin any more."""
        self._server.close()
        with suppress(ValueError):
            self._board.detach(self)
        self._probe.lose_client()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
