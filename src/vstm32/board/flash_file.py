"""A file that is the flash memory of a board: what is programmed stays, whatever becomes of the process.

The file is mapped over the board's flash memory, shared with the kernel, so that it has at every moment what
the flash has: a board that is killed in the middle of programming keeps the half of it, as a real one does.
"""

import ctypes
import fcntl
import mmap
import os
from pathlib import Path

from vstm32.base.errors import VirtualBoardError

_MAP_FIXED = 0x10
_MAP_FAILED = ctypes.c_void_p(-1).value
_MIB = 1024 * 1024


class FlashFile:
    """An open file as large as the flash of a chip. A new one holds erased flash."""

    def __init__(self, path: Path, size_bytes: int, part: str) -> None:
        """Opens or makes the file; `part` is what people call the chip.

        Raises:
            VirtualBoardError: it cannot be made, or is something else.
        """
        self._path = path
        self._size_bytes = size_bytes
        self._part = part
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._prepare()
            except BaseException:
                os.close(self._descriptor)
                raise
        except OSError as error:
            raise VirtualBoardError(
                f"The flash contents of the virtual board cannot be kept in {path}: {error.strerror}.",
                hint=f"Make room or mend the rights: the file needs {size_bytes // _MIB} MiB.",
            ) from error

    def _prepare(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise VirtualBoardError(
                f"{self._path} is the flash of a board that runs.", hint="End that one, or name another file."
            ) from error
        size = os.fstat(self._descriptor).st_size
        if size == 0:
            # Room first: a page that the disk has no room for would end the process later.
            os.posix_fallocate(self._descriptor, 0, self._size_bytes)
            os.pwrite(self._descriptor, b"\xff" * self._size_bytes, 0)
        elif size != self._size_bytes:
            raise VirtualBoardError(
                f"{self._path} has {size} bytes and not the {self._size_bytes} of the flash of an "
                f"{self._part}.",
                hint="Name another file, or remove this one to begin with erased flash.",
            )

    def map_at(self, host_address: int) -> None:
        """Puts the file's contents at a page of this process, in place of what was there. Raises OSError."""
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = (
            *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int),
            ctypes.c_long,
        )
        mapped = library.mmap(
            host_address,
            self._size_bytes,
            mmap.PROT_READ | mmap.PROT_WRITE,
            mmap.MAP_SHARED | _MAP_FIXED,
            self._descriptor,
            0,
        )
        if mapped == _MAP_FAILED:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def close(self) -> None:
        """Waits until the disk has everything. The mapping stays until the board's memory goes."""
        os.fsync(self._descriptor)
        # The mapping keeps the open file, and with it the lock.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
