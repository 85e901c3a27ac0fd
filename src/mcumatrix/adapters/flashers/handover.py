"""Hands an ELF file to a board that can load it by itself, as the virtual board can."""

from mcumatrix.model.image import Image
from mcumatrix.ports import TakenBoard


class HandoverFlasher:
    """No probe and no wire: the board reads the file."""

    def flash(self, board: TakenBoard, image: Image) -> None:
        """Loads the image; raises FlashError as the board does."""
        board.load(image.elf)
