"""An archive of sources, unpacked: what is in it, below its folder, or a refusal that leaves nothing."""

import bz2
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fuzz.packing import packed, with_right_headers
from fuzz.target import Target
from mcumatrix.errors import SourceError
from mcumatrix.hashing import hash_bytes
from mcumatrix.sources.extract import extract
from mcumatrix.sources.pin import Algorithm, Pin

_MAGICS = {b"PK": "zip", b"\x1f\x8b": "tar.gz", b"BZ": "tar.bz2", b"\xfd7": "tar.xz"}
_HARMLESS_BYTES, _RATIO = 16 * 1024**2, 100
_MEMBERS = (
    ("top", tarfile.DIRTYPE, b"", ""),
    ("top/README", tarfile.REGTYPE, b"read me", ""),
    ("top/bin/gcc", tarfile.REGTYPE, b"compile", ""),
    ("top/bin/cc", tarfile.SYMTYPE, b"", "gcc"),
    ("top/lib/now", tarfile.SYMTYPE, b"", "../bin"),
    ("top/arm/gcc", tarfile.LNKTYPE, b"", "top/bin/gcc"),
    (f"top/{'long/' * 30}name", tarfile.REGTYPE, b"deep", ""),
)


@cache
def _corpus() -> Sequence[bytes]:
    """Tar files as they are, which changes get through to, and each kind of archive as it comes."""
    tars = [_tar(kind) for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)]
    return [*tars, _zip(), packed(tars[0]), bz2.compress(tars[0]), lzma.compress(tars[0])]


def _tar(kind: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=kind) as tar:
        for name, type_, contents, target in _MEMBERS:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = type_, len(contents), target
            tar.addfile(info, io.BytesIO(contents))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, mode, contents in (
            ("top/README", 0o100644, b"read me"),
            ("top/bin/gcc", 0o100755, b"compile" * 40),
            ("top/bin/cc", 0o120777, b"gcc"),
        ):
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system = mode << 16, 3
            info.compress_type = zipfile.ZIP_DEFLATED if len(contents) > 9 else zipfile.ZIP_STORED
            archive.writestr(info, contents)
    return buffer.getvalue()


def _read(data: bytes) -> bool:
    kind = _MAGICS.get(data[:2])
    archive = data if kind else packed(with_right_headers(data))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, trees = folder / f"fuzzed.{kind or 'tar.gz'}", folder / "trees"
        path.write_bytes(archive)
        pin = Pin(path.name, (), Algorithm.SHA256, hash_bytes(archive))
        try:
            tree = extract(path, pin, trees)
        except SourceError:
            assert [each.suffix for each in trees.iterdir()] == [".lock"], "something was left"
            assert sorted(each.name for each in folder.iterdir()) == sorted([path.name, "trees"])
            return False
        _require_inside(tree)
        size_bytes = sum(each.lstat().st_size for each in tree.rglob("*") if each.is_file())
        assert size_bytes <= max(_HARMLESS_BYTES, _RATIO * len(archive))
    return True


def _require_inside(tree: Path) -> None:
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            path = Path(folder) / name
            assert path.is_symlink() or path.is_file() or path.is_dir(), "neither file nor folder nor link"
            assert path.resolve().is_relative_to(tree.resolve()), "a link leads out"


TARGET = Target("source_archive", _corpus, _read)
