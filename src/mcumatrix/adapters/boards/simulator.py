"""Which simulator an entry of the catalogue means: its chip and its timing model."""

from mcumatrix.errors import ToolError
from mcumatrix.model.catalogue import Board
from vstm32.base.errors import VirtualBoardError
from vstm32.board.options import BoardOptions


def simulator_of(entry: Board) -> BoardOptions:
    """The options of the virtual board that an entry describes.

    Raises:
        ToolError: there is no virtual chip that is called like the entry's target, or no such model for it.
    """
    try:
        return BoardOptions(chip=entry.target, timing=entry.timing_model.value)
    except VirtualBoardError as error:
        raise ToolError(
            f"The board {entry.name} cannot be had: {error.message}",
            hint=f"{error.hint} The board's file names it as `target`.",
        ) from error
