"""Tar files with right checksums, so that a change is met by what stands behind them."""

import gzip
import io
import tarfile
from collections.abc import Iterator

_BLOCK = tarfile.BLOCKSIZE
_CHECKSUM = slice(148, 156)
_MAGIC = slice(257, 262)


def with_right_headers(tar: bytes) -> bytes:
    """A tar file in which each block that looks like a header has the checksum of what stands there."""
    blocks = [tar[at : at + _BLOCK] for at in range(0, len(tar), _BLOCK)]
    return b"".join(_right(block) if block[_MAGIC] == b"ustar" else block for block in blocks)


def _right(header: bytes) -> bytes:
    fields = bytearray(header.ljust(_BLOCK, b"\0"))
    fields[_CHECKSUM] = b" " * 8
    fields[_CHECKSUM] = b"%06o\0 " % sum(fields)
    return bytes(fields)


def packed(tar: bytes) -> bytes:
    """The same in gzip."""
    return gzip.compress(tar, compresslevel=1, mtime=0)


def tar_of(members: dict[str, bytes]) -> bytes:
    """A tar file of some files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, contents in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(contents)
            tar.addfile(info, io.BytesIO(contents))
    return buffer.getvalue()


def files_of(tar: bytes) -> dict[str, bytes]:
    """The regular files of a tar file as far as it can be read."""
    return dict(_files(tar))


def _files(tar: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as opened:
            for member in opened:
                if member.isreg() and member.size <= len(tar):
                    body = opened.extractfile(member)
                    yield member.name, body.read() if body else b""
    # What Python's tarfile raises for the rest of a damaged one.
    except (tarfile.TarError, ValueError, OSError, UnicodeError):
        return
