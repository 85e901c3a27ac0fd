"""A folder as bytes that are the same wherever it lies, and back: what travels to workers by contents."""

import io
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcumatrix.artifact import make_folder
from mcumatrix.hashing import hash_bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a folder, and the SHA-256 of them with their names."""

    sha256: str
    data: bytes


def pack(folder: Path, without: frozenset[str] = frozenset()) -> Bundle:
    """The regular files below a folder, links followed, without its entries that are in `without`.

    Raises:
        OSError: one cannot be read.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if name.parts[0] in without or not path.is_file():
                continue
            data = path.read_bytes()
            entry = tarfile.TarInfo(name.as_posix())
            entry.size, entry.mode = len(data), 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(data))
    data = stream.getvalue()
    return Bundle(hash_bytes(data), data)


def unpacked(bundle: Bundle, below: Path) -> Path:
    """The files of a bundle in a folder of their own, which is made where it is not there yet.

    Raises:
        OSError: they cannot be written.
        ValueError: the bytes are not what they are called.
    """
    folder = below / bundle.sha256
    if folder.is_dir():
        return folder
    if hash_bytes(bundle.data) != bundle.sha256:
        raise ValueError("a bundle is not what it is called")
    make_folder(below)
    aside = Path(tempfile.mkdtemp(dir=below))
    try:
        _unpack(bundle.data, aside)
        aside.rename(folder)
    except OSError:
        # Another thread of this worker may have been first.
        if not folder.is_dir():
            raise
    finally:
        # Of a folder that was renamed there is nothing left.
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _unpack(data: bytes, into: Path) -> None:
    """Writes what `pack` has packed. tarfile's own filters are not in every Python 3.11, as in Debian 12's.

    Raises:
        OSError: it cannot be written.
        ValueError: something else was packed than files below a folder.
    """
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            name = PurePosixPath(entry.name)
            # Before it is opened: tarfile follows links.
            contents = archive.extractfile(entry) if entry.isreg() else None
            if contents is None or name.is_absolute() or ".." in name.parts:
                raise ValueError(f"a bundle has {entry.name!r}, which is no file below it")
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents.read())
            path.chmod(entry.mode)
