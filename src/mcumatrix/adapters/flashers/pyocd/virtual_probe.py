"""The debug probes of virtual boards that run on this machine.

`import pyocd` comes before importing this: pyOCD loads it while its own modules are being loaded.
"""

import logging
from typing import Any

from pyocd.board.board import Board
from pyocd.board.board_ids import BoardInfo

from mcumatrix.adapters.flashers.pyocd.network_probe import NetworkProbe
from vstm32.app.running import RunningBoard, running_boards
from vstm32.base.errors import VirtualBoardError

# Below pyOCD's own, for those who listen to what pyOCD says.
LOG = logging.getLogger("pyocd.probe.vboard")

VENDOR = "mcumatrix"

_HOST = "127.0.0.1"


class VirtualBoardProbe(NetworkProbe):
    """The debug probe of a virtual board. One process at a time has it open."""

    @classmethod
    def get_all_connected_probes(cls, *_: Any) -> list["VirtualBoardProbe"]:
        """The probes of all boards that run; pyOCD picks by their unique ids."""
        return [cls(board) for board in _boards()]

    @classmethod
    def get_probe_with_id(cls, unique_id: str, *_: Any) -> "VirtualBoardProbe | None":
        """The probe with exactly this unique id, in upper or lower case."""
        return next((cls(board) for board in _boards() if board.uid.lower() == unique_id.lower()), None)

    def __init__(self, board: RunningBoard) -> None:
        super().__init__(_HOST, board.debug_port, name=f"the virtual board {board.uid}")
        self._uid = board.uid
        self._board = board

    @property
    def vendor_name(self) -> str:
        """Known without opening the probe, as a USB device tells it."""
        return VENDOR

    @property
    def product_name(self) -> str:
        """Known without opening the probe, as a USB device tells it."""
        return f"Virtual {self._board.part}"

    @property
    def associated_board_info(self) -> BoardInfo:
        """The board, and with it the target: nobody needs to name it."""
        name = f"{self.product_name} {self._board.name}".rstrip()
        return BoardInfo(name=name, target=self._board.target, vendor=VENDOR)

    def create_associated_board(self) -> Board:
        """The board for a session; the session's options may name another target."""
        return Board(self.session, board_info=self.associated_board_info)


def _boards() -> list[RunningBoard]:
    try:
        return running_boards()
    except VirtualBoardError as error:
        # Those who look for a real probe are not to fail for this.
        LOG.warning("%s", error)
        return []
