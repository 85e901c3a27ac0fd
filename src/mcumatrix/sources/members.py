"""What an archive has in it, one member after the other, whichever way it is packed."""

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import IO, BinaryIO

from mcumatrix.sources.pin import ArchiveKind
from mcumatrix.sources.safety import Meter, UnsafeError, shown

_CHUNK_BYTES = 256 * 1024
_LARGEST_HEADER_BYTES = 1024**2
_LONGEST_TARGET_BYTES = 4096


class MemberKind(Enum):
    """The kinds that are unpacked; devices, pipes and the rest are not."""

    FOLDER = auto()
    FILE = auto()
    SYMLINK = auto()
    HARD_LINK = auto()


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive. `name` and `target` are as they stand there: not checked.

    `target` is where a link leads: from its own folder for a symbolic link, from the archive's top for a hard
    link. `judge` asks the library that read it for its own opinion. `chunks` gives a file's contents; it is
    to be used, if at all, before the next member is asked for.

    `judge` and `chunks` raise UnsafeError.
    """

    name: str
    kind: MemberKind
    size_bytes: int = 0
    executable: bool = False
    target: str = ""
    judge: Callable[[], None] = lambda: None
    chunks: Callable[[], Iterator[bytes]] = lambda: iter(())


def members(file: BinaryIO, kind: ArchiveKind, meter: Meter, destination: Path) -> Iterator[Member]:
    """The members of an open archive in its own order.

    Raises:
        UnsafeError: the archive is damaged, grows too large, or has a member of a kind that is not unpacked.
    """
    return (
        _zip_members(file, meter) if kind is ArchiveKind.ZIP else _tar_members(file, kind, meter, destination)
    )


@contextmanager
def _reading() -> Iterator[None]:
    """Says of whatever the libraries raise that the archive is damaged."""
    try:
        yield
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise UnsafeError(f"it is damaged: {error}") from error


class _Unpacked:
    """The tar file inside of a compressed one: forward only, metered, with no large headers.

    tarfile reads headers of any length into memory at once, and contents in pieces; so the length of a single
    read tells a bomb from a file.
    """

    def __init__(self, stream: IO[bytes], meter: Meter) -> None:
        self._stream = stream
        self._meter = meter
        self._position = 0
        self.last_block = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        if not 0 <= size <= _LARGEST_HEADER_BYTES:
            raise UnsafeError(f"it has a header of more than {_LARGEST_HEADER_BYTES} bytes")
        self.last_block = self._stream.read(size)
        self._position += len(self.last_block)
        self._meter.spend(len(self.last_block))
        return self.last_block

    def seek(self, position: int) -> None:
        """Goes on to a later place; what is between is read and metered."""
        if position < self._position:
            raise UnsafeError("it is damaged: a header points back")
        while self._position < position and self.read(min(_CHUNK_BYTES, position - self._position)):
            pass

    def tell(self) -> int:
        """How much was read."""
        return self._position


_OPENERS: dict[ArchiveKind, Callable[[BinaryIO], IO[bytes]]] = {
    ArchiveKind.TAR_GZ: lambda file: gzip.GzipFile(fileobj=file),  # type: ignore[dict-item,return-value]
    ArchiveKind.TAR_BZ2: bz2.BZ2File,
    ArchiveKind.TAR_XZ: lzma.LZMAFile,
}


def _tar_members(file: BinaryIO, kind: ArchiveKind, meter: Meter, destination: Path) -> Iterator[Member]:
    with _OPENERS[kind](file) as stream:
        unpacked = _Unpacked(stream, meter)
        with _reading():
            tar = tarfile.TarFile(fileobj=unpacked)  # type: ignore[arg-type]
        while True:
            with _reading():
                info = tar.next()
            if info is None:
                break
            yield _tar_member(tar, info, destination)
        # tarfile takes a broken header for the end; the true end is a block of zeros.
        if unpacked.last_block != bytes(tarfile.BLOCKSIZE):
            raise UnsafeError("it is damaged: it ends too early")
        with _reading():
            while unpacked.read(_CHUNK_BYTES):  # up to the checksum behind it
                pass


def _tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo, destination: Path) -> Member:
    def judge() -> None:
        # Absent before Python 3.11.4; our own rules stand without it.
        data_filter = getattr(tarfile, "data_filter", None)
        if data_filter is None:
            return
        try:
            data_filter(info, str(destination))
        except tarfile.FilterError as error:
            raise UnsafeError(f"Python's tarfile refuses it: {error}") from error

    if info.isdir():
        return Member(info.name, MemberKind.FOLDER, judge=judge)
    if info.issym():
        return Member(info.name, MemberKind.SYMLINK, target=info.linkname, judge=judge)
    if info.islnk():
        return Member(info.name, MemberKind.HARD_LINK, target=info.linkname, judge=judge)
    if not info.isreg() or info.issparse():
        raise UnsafeError(f"{shown(info.name)} is neither a file nor a folder nor a link")

    def chunks() -> Iterator[bytes]:
        with _reading():
            body = tar.extractfile(info)
            assert body is not None
            while chunk := body.read(_CHUNK_BYTES):
                yield chunk

    return Member(info.name, MemberKind.FILE, info.size, bool(info.mode & 0o100), judge=judge, chunks=chunks)


def _zip_members(file: BinaryIO, meter: Meter) -> Iterator[Member]:
    with _reading():
        archive = zipfile.ZipFile(file)
    with archive:
        for info in archive.infolist():
            yield _zip_member(archive, info, meter)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Member:
    name = info.orig_filename  # `filename` ends at the first NUL
    mode = info.external_attr >> 16  # of Unix; zero where the archive was made elsewhere
    if info.flag_bits & 1:
        raise UnsafeError(f"{shown(name)} is encrypted")

    def chunks() -> Iterator[bytes]:
        with _reading(), archive.open(info) as body:
            while chunk := body.read(_CHUNK_BYTES):
                meter.spend(len(chunk))
                yield chunk

    if name.endswith("/"):
        return Member(name, MemberKind.FOLDER)
    if stat.S_ISLNK(mode):
        if info.file_size > _LONGEST_TARGET_BYTES:
            raise UnsafeError(f"the link {shown(name)} leads to a name that is too long")
        target = b"".join(chunks())
        with _reading():
            return Member(name, MemberKind.SYMLINK, target=target.decode())
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        raise UnsafeError(f"{shown(name)} is neither a file nor a folder nor a link")
    return Member(name, MemberKind.FILE, info.file_size, bool(mode & 0o100), chunks=chunks)
