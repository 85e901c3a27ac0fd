"""What is in the serial flash of a board: in a file, if there is one, and there from the first time that
anybody wants it. It is large, and most firmware never touches it.
"""

from pathlib import Path

from vstm32.base.memory_map import Storage
from vstm32.board.flash_file import FlashFile
from vstm32.cortex_m.memory import Memory


class ExternalFlash:
    """The contents of one. A new file, or none, holds erased flash."""

    def __init__(self, memory: Memory, path: Path | None, part: str) -> None:
        """`part` is what people call the flash.

        Raises:
            VirtualBoardError: a file that is there is something else.
        """
        self._memory = memory
        self._path = path
        self._part = part
        self._file: FlashFile | None = None
        self._is_ready = False
        if path is not None and path.exists():
            self.contents()

    def contents(self) -> memoryview:
        """All of it, to be read and changed. Raises VirtualBoardError where the file cannot be had."""
        contents = self._memory.storage(Storage.SERIAL_FLASH)
        if not self._is_ready:
            self._is_ready = True
            if self._path is None:
                contents[:] = b"\xff" * len(contents)
            else:
                self._file = FlashFile(self._path, len(contents), self._part)
                self._file.map_at(self._memory.host_address(Storage.SERIAL_FLASH))
        return contents

    def close(self) -> None:
        """Waits until the disk has everything."""
        if self._file is not None:
            self._file.close()
            self._file = None
