"""The chain of a matrix: which records were kept, in which order, and with which contents.

One line of JSON for each record, only ever added to. Each has the hash of the line before, so that none can
be changed, moved or taken out without a trace. That shows what somebody changed; it does not keep out who
makes the whole chain anew. The raw log beside each record, and git where results are committed, are for that.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from pathlib import Path

from mcumatrix.artifact import is_below, make_folder, sync_folder
from mcumatrix.errors import ChangedResultError

FIRST = "0" * 64
"""What the first line has for the hash of the line before."""

_LAST_BYTES = 64 * 1024
"""A line is shorter than this: a record's name has a slug and a time, of bounded lengths."""


@dataclass(frozen=True, slots=True)
class Link:
    """A record of the chain: its name below the folder of records, and the SHA-256 of its file."""

    number: int
    record: str
    sha256: str
    previous: str

    def line(self) -> bytes:
        """As it stands in the file, without the end of the line."""
        # As json.dumps writes its fields in the order of their names, which takes a second for 10,000 lines.
        previous, record, sha256 = map(encode_basestring_ascii, (self.previous, self.record, self.sha256))
        return (
            f'{{"number": {self.number}, "previous": {previous}, "record": {record}, "sha256": {sha256}}}'
        ).encode()


class Chain:
    """The chain in a file, which need not be there yet. Many processes may add to it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, record: str, sha256: str) -> Link:
        """Adds a record at the end; it is on the disk when this returns.

        A line that was cut short when its process or the machine ended is removed: it was never confirmed.

        Raises:
            OSError: it cannot be written.
            ChangedResultError: the last line is none of a chain.
        """
        with self._for_writing() as descriptor:
            end, last = self._last_line(descriptor)
            os.ftruncate(descriptor, end)
            number, previous = 1, FIRST
            if last:
                number, previous = _read(last, None, self._file).number + 1, hash_line(last)
            link = Link(number, record, sha256, previous)
            try:
                _write_all(descriptor, end, link.line() + b"\n")
                os.fsync(descriptor)
                if number == 1:
                    sync_folder(self._file.parent)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
            return link

    def links(self) -> tuple[Link, ...]:
        """All that was confirmed, oldest first.

        Raises:
            OSError: it cannot be read.
            ChangedResultError: a line is none of a chain, or does not follow from the one before.
        """
        try:
            return links_in(self._file.read_bytes(), self._file)
        except FileNotFoundError:
            return ()

    @contextmanager
    def _for_writing(self) -> Iterator[int]:
        make_folder(self._file.parent)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _last_line(self, descriptor: int) -> tuple[int, bytes]:
        """Where the last whole line ends, and that line without its end; empty if there is none."""
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, _LAST_BYTES, max(size - _LAST_BYTES, 0))
        whole = tail.rfind(b"\n") + 1
        if not whole and size > _LAST_BYTES:
            raise _changed("its last line is none of a chain", self._file)
        return size - len(tail) + whole, tail[:whole].rstrip(b"\n").rpartition(b"\n")[2]


def links_in(data: bytes, file: Path) -> tuple[Link, ...]:
    """All that was confirmed in the contents of a chain, oldest first; errors name it `file`.

    Raises:
        ChangedResultError: a line is none of a chain, or does not follow from the one before.
    """
    *lines, _unconfirmed = data.split(b"\n")
    links: list[Link] = []
    previous = FIRST
    for number, line in enumerate(lines, 1):
        link = _read(line, number, file)
        if (link.number, link.previous) != (number, previous) or link.line() != line:
            raise _changed(f"line {number} does not follow from what stands before it", file)
        links.append(link)
        previous = hash_line(line)
    return tuple(links)


def _read(line: bytes, number: int | None, file: Path) -> Link:
    where = "its last line" if number is None else f"line {number}"
    try:
        link = Link(**json.loads(line))
    except (ValueError, TypeError, RecursionError) as error:
        raise _changed(f"{where} is none of a chain", file) from error
    kinds = (type(link.number), type(link.record), type(link.sha256), type(link.previous))
    if kinds != (int, str, str, str) or not is_below(link.record):
        raise _changed(f"{where} is none of a chain", file)
    return link


def _changed(what: str, file: Path) -> ChangedResultError:
    return ChangedResultError(
        f"{file} was changed: {what}",
        hint="Restore it, or move the whole folder of records away to have all of it measured again.",
    )


def hash_line(line: bytes) -> str:
    """What the next line says of this one."""
    return hashlib.sha256(line).hexdigest()


def _write_all(descriptor: int, at: int, data: bytes) -> None:
    while data:
        written = os.pwrite(descriptor, data, at)
        data, at = data[written:], at + written
