"""The part of an archive that has arrived. It outlives a killed process, and is never taken for the whole."""

import hashlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mcumatrix.artifact import sync_folder, write_atomically
from mcumatrix.sources.pin import Algorithm

_HEAD_BYTES = 512


class Partial:
    """A file that grows, its digest so far, and beside it (`.json`) which version of which URL it is from.

    Used by one process at a time: the caller holds the archive's lock.
    """

    def __init__(self, path: Path, algorithm: Algorithm) -> None:
        self._path = path
        self._note = path.with_name(f"{path.name}.json")
        self._algorithm = algorithm
        self._file = path.open("a+b")
        self._file.seek(0)
        self._hash = hashlib.file_digest(self._file, algorithm.start)
        self.size_bytes = self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self.size_bytes == 0:
            self._path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    @property
    def digest(self) -> str:
        """Of what is there, in hexadecimal."""
        return self._hash.hexdigest()

    def head(self) -> bytes:
        """The first bytes of what is there."""
        self._file.flush()
        self._file.seek(0)
        return self._file.read(_HEAD_BYTES)

    def validator_for(self, url: str) -> str:
        """What identifies the version that the bytes are from, if they are from this URL; otherwise empty."""
        try:
            note = json.loads(self._note.read_bytes())
            return str(note["validator"]) if note["url"] == url else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def restart(self, url: str = "", validator: str = "") -> None:
        """Drops what is there. What follows is from this version of this URL."""
        self._file.truncate(0)
        self._hash = self._algorithm.start()
        self.size_bytes = 0
        # After the old bytes are gone and before new ones come: the note never speaks of others.
        write_atomically(self._note, json.dumps({"url": url, "validator": validator}).encode())

    def append(self, chunk: bytes) -> None:
        """Adds bytes at the end."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    def finish(self, path: Path) -> None:
        """Gives the file its final name; called only when its digest is the pinned one."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(path)
        sync_folder(path.parent)
        self._note.unlink(missing_ok=True)
