"""What is known of records by their contents, so that a run with nothing to do reads none of them again.

A record that was read and proved once is proved for as long as its bytes, those of its raw log and of its
trace, and our own code are the same. Nothing else is trusted: no time of a file, no size, no name. Whoever
asks has hashed the bytes that are there now.

Nothing depends on the file that this is kept in: one that cannot be read or is of other code counts as none.
"""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from mcumatrix.artifact import write_atomically
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.image import ToolchainIdentity
from mcumatrix.model.record import Record, Status
from mcumatrix.model.schedule import Moment, Slot


@dataclass(frozen=True, slots=True)
class Known:
    """What has to be known of a record to tell whether anything is left to do.

    `name` is that of its file, without ending; `log_sha256` and `trace_sha256` are those of what has to stand
    beside it, the trace's empty where it has none. `told_sha256` is that of the record as Python writes it,
    which fingerprints of reports cover. `board`, `toolchain` and `compiler` say what it was made with, and
    the hashes of its image are empty where there was none.
    """

    variant: str
    fingerprint: str
    slot: Slot
    status: Status
    name: str
    log_sha256: str
    trace_sha256: str
    told_sha256: str
    board: str
    toolchain: str
    compiler: ToolchainIdentity | None
    elf_sha256: str
    binary_sha256: str

    @classmethod
    def of(cls, record: Record) -> Self:
        """What a record says."""
        image = record.image
        return cls(
            record.variant,
            record.fingerprint,
            record.slot,
            record.status,
            record.name,
            record.log_sha256,
            (record.energy.trace_sha256 or "") if record.energy else "",
            told_sha256(record),
            record.axes.get("board", ""),
            record.axes.get("toolchain", ""),
            image.toolchain if image else None,
            image.elf_sha256 if image else "",
            image.binary_sha256 if image else "",
        )


def told_sha256(record: Record) -> str:
    """Of all that a record says; NaN is the same as itself in it."""
    return hash_bytes(repr(record).encode())


class KnownRecords:
    """What is known of the records of a matrix, by the SHA-256 of their files, and which were proved.

    Where there is no `file`, it is forgotten when the process ends. `code` gives a hash over the code that
    reads and proves records: what other code knew counts for nothing.
    """

    def __init__(self, file: Path | None = None, code: Callable[[], str] = str) -> None:
        self._file = file
        self._code = code
        self._lines: dict[str, bytes] | None = None
        self._known: dict[str, Known] = {}
        self._proved: set[str] = set()
        self._is_new = False

    def find(self, sha256: str) -> Known | None:
        """What is known of the record whose file has this hash; None if it has to be read."""
        if sha256 not in self._known:
            line = self._read().pop(sha256, None)
            if line is None:
                return None
            try:
                self._known[sha256], is_proved = _from_line(line)
            except (ValueError, TypeError, RecursionError):
                return None
            if is_proved:
                self._proved.add(sha256)
        return self._known[sha256]

    def add(self, sha256: str, known: Known) -> None:
        """Takes notice of a record that was read."""
        self._known[sha256] = known
        self._is_new = True

    def is_proved(self, sha256: str) -> bool:
        """Whether a record that `find` knows is what its log, the golden answers and its trace say."""
        return sha256 in self._proved

    def prove(self, sha256: str) -> None:
        """Takes notice of that."""
        self._proved.add(sha256)
        self._is_new = True

    def keep(self, living: Collection[str]) -> None:
        """Writes what is new; what is not known of one of the `living` records is left out."""
        if self._file is None or not self._is_new:
            return
        lines = [self._head()]
        lines += (line for sha256, line in self._read().items() if sha256 in living)
        lines += (
            _to_line(sha256, known, is_proved=sha256 in self._proved)
            for sha256, known in self._known.items()
            if sha256 in living
        )
        # Where nothing can be written, all is read again.
        with suppress(OSError):
            write_atomically(self._file, b"".join(lines))
            self._is_new = False

    def _read(self) -> dict[str, bytes]:
        if self._lines is None:
            self._lines = {}
            with suppress(OSError):
                head, *lines = self._file.read_bytes().splitlines(keepends=True) if self._file else (b"",)
                if head == self._head():
                    self._lines = {line[2:66].decode("latin-1"): line for line in lines}
        return self._lines

    def _head(self) -> bytes:
        return f"{json.dumps({'code': self._code()})}\n".encode()


def _to_line(sha256: str, known: Known, *, is_proved: bool) -> bytes:
    """A line of JSON, which begins with the hash."""
    slot, compiler = known.slot, known.compiler
    fields = (
        sha256,
        is_proved,
        known.variant,
        known.fingerprint,
        (slot.run, slot.moment, slot.unit),
        known.status,
        known.name,
        known.log_sha256,
        known.trace_sha256,
        known.told_sha256,
        known.board,
        known.toolchain,
        (compiler.version, compiler.sha256, compiler.image_id) if compiler else None,
        known.elf_sha256,
        known.binary_sha256,
    )
    return f"{json.dumps(fields)}\n".encode()


def _from_line(line: bytes) -> tuple[Known, bool]:
    """Raises ValueError or TypeError if it is none of `_to_line`."""
    _, is_proved, variant, fingerprint, slot, status, name, *hashes, board, toolchain, by, elf, binary = (
        json.loads(line)
    )
    log_sha256, trace_sha256, told = hashes
    compiler = _compiler(*by) if by else None
    known = Known(
        variant,
        fingerprint,
        _slot(*slot),
        Status(status),
        name,
        log_sha256,
        trace_sha256,
        told,
        board,
        toolchain,
        compiler,
        elf,
        binary,
    )
    return known, is_proved is True


# Thousands of records have the same: they are kept once.


@cache
def _compiler(version: str, sha256: str, image_id: str) -> ToolchainIdentity:
    return ToolchainIdentity(version, sha256, image_id)


@cache
def _slot(run: int, moment: str | None, unit: str) -> Slot:
    return Slot(run, Moment(moment) if moment else None, unit)
