"""The log of a build, in a folder that the build may write to as well."""

import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from mcumatrix.adapters.builders.docker.limits import shown_size


class Log:
    """A file that takes what a build prints, up to a size, and that is there in the end as it was written."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self.path = path
        self.excess = ""
        """Why no more was written, as the end of a sentence about the build; empty as long as all was."""
        self._most_bytes = most_bytes
        self._size_bytes = 0
        self._file = path.open("w+b", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._is_in_place():
                self._put_back()
        finally:
            self._file.close()

    def write(self, data: bytes) -> None:
        """Adds what was printed; once there is too much of it, nothing more is kept."""
        if self.excess:
            return
        self._size_bytes += len(data)
        if self._size_bytes > self._most_bytes:
            self.excess = f"printed more than {shown_size(self._most_bytes)}"
        try:
            self._file.write(data)
        except OSError as error:
            self.excess = f"printed more than could be written ({error.strerror})"

    def text(self) -> str:
        """All that was written. It is read from the open file: what has its name now may lead anywhere."""
        self._file.seek(0)
        return self._file.read().decode(errors="replace")

    def _is_in_place(self) -> bool:
        try:
            there, ours = self.path.lstat(), os.fstat(self._file.fileno())
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def _put_back(self) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        self.path.unlink(missing_ok=True)
        with self.path.open("xb") as file:
            file.write(self.text().encode())
