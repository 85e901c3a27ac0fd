"""The debug probe on the board: its wires to the debug port and to the reset pin."""

from contextlib import AbstractContextManager

from vstm32.base.chip import CoreModel
from vstm32.board.board import Board
from vstm32.debug.board_bus import BoardBus
from vstm32.debug.dap import M4_ROM_TABLE_BASE, ROM_TABLE_BASE, DebugPort


class BoardProbe:
    """See `probe_protocol.ProbedBoard`. The probe has its power from the board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        is_m4 = board.core.chip.core.model is CoreModel.CORTEX_M4
        self.dap = DebugPort(BoardBus(board), M4_ROM_TABLE_BASE if is_m4 else ROM_TABLE_BASE)
        self._reset_asserted = False

    def access(self) -> AbstractContextManager[None]:
        """The core stands still inside."""
        return self._board.standing_still()

    @property
    def part(self) -> str:
        """The microcontroller's name, for people."""
        return self._board.core.chip.part

    @property
    def powered(self) -> bool:
        """Whether the board is switched on."""
        return self._board.powered

    def assert_reset(self, asserted: bool) -> None:
        """Pulls nRST low, or lets it go."""
        self._reset_asserted = asserted
        self._board.hold_reset(asserted, by="the probe")

    def is_reset_asserted(self) -> bool:
        """Whether the probe pulls nRST low."""
        return self._reset_asserted

    def lose_client(self) -> None:
        """The cable to the host was pulled: nobody holds the reset pin any more."""
        self.assert_reset(False)

    def power_on(self) -> None:
        """The debug port begins anew."""
        self.dap.reset()
        self.assert_reset(False)
