"""Archives for tests, good and bad, and their pins."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable

from mcumatrix.sources.pin import Algorithm, Pin

CONTENTS = bytes(range(256)) * 4000
"""Of an archive that is fetched only: no library looks into it."""


def pin_of(contents: bytes, *urls: str, name: str = "thing-1.0.tar.gz", size_bytes: int | None = None) -> Pin:
    """The pin of an archive with these contents."""
    return Pin(name, urls, Algorithm.SHA256, hashlib.sha256(contents).hexdigest(), size_bytes)


def entry(name: str, contents: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar archive; `fields` are those of TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(contents)
    info.mode = 0o644
    info.mtime = 1_600_000_000
    for field, value in fields.items():
        setattr(info, field, value)
    return info, contents


def tar(entries: Iterable[tuple[tarfile.TarInfo, bytes]], kind: str = "gz") -> bytes:
    """A compressed tar archive, the same at any time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for info, contents in entries:
            archive.addfile(info, io.BytesIO(contents))
    return _COMPRESS[kind](buffer.getvalue())


_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda contents: gzip.compress(contents, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def zip_of(entries: Iterable[tuple[str, bytes, int]]) -> bytes:
    """A zip archive of names, contents and Unix modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, contents)
    return buffer.getvalue()
