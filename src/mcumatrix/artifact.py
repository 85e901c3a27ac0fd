"""Folders of files that a stage made, each with a manifest that says from what and with which contents.

The manifest is written last, in one step: a folder without one, or with files that do not match it, counts
as not made. So it does not matter when a run is killed, and a file that was tampered with is made again.
"""

import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from mcumatrix.hashing import hash_file

MANIFEST = "manifest.json"
_STILL_WRITTEN_S = 10.0
"""How long a folder is tried to be removed into which somebody writes."""


def write_atomically(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Writes a file so that at any moment it has its old contents or the new ones, never a part.

    Both survive a loss of power: file and folder are on the disk when this returns.

    Raises:
        FileExistsError: the file is there already and `replace` is false.
        OSError: it cannot be written.
    """
    make_atomically(path, lambda file: file.write(data), replace=replace)


def make_atomically(
    path: Path,
    write: Callable[[IO[bytes]], object],
    *,
    replace: bool = True,
    check: Callable[[Path], None] = lambda _aside: None,
) -> None:
    """As `write_atomically`, for what is written piece by piece, or looked at before it gets its name.

    `write` gets the open file; `check` gets its path under another name when it is whole, and raises where it
    is not to be kept.

    Raises:
        FileExistsError: the file is there already and `replace` is false.
        OSError: it cannot be written.
    """
    make_folder(path.parent)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        check(Path(aside))
        if replace:
            Path(aside).replace(path)
        else:
            path.hardlink_to(aside)
    finally:
        # Of a file that was renamed there is nothing left; another one is in nobody's way.
        with suppress(OSError):
            Path(aside).unlink()
    sync_folder(path.parent)


def make_anew(folder: Path) -> None:
    """Makes an empty folder, whatever was there. Raises OSError."""
    with suppress(FileNotFoundError):
        # What vouches for the rest goes first: killed in between, the folder counts as not made.
        (folder / MANIFEST).unlink()
    _remove(folder)
    make_folder(folder)


def _remove(folder: Path) -> None:
    """Removes a folder with all that is in it, if it is there.

    A compiler may have outlived the run that it was started by, which was killed, and may still write: what
    comes or goes meanwhile keeps nothing from being removed.
    """
    give_up_at = time.monotonic() + _STILL_WRITTEN_S
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError as error:
            passes = error.errno in {errno.ENOTEMPTY, errno.ENOENT}
            if not passes or time.monotonic() > give_up_at:
                raise


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, where they are not there, so that a loss of power leaves them.

    Raises:
        OSError: it cannot be made.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the names of a folder: what was made, renamed or removed in it.

    Raises:
        OSError: the disk has failed.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems keep no folders of their own, and say so.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def write_manifest(folder: Path, fingerprint: str, outputs: Iterable[str]) -> None:
    """Declares `outputs` (names below `folder`) as made from the inputs of `fingerprint`."""
    hashes = {name: hash_file(folder / name) for name in outputs}
    write_atomically(folder / MANIFEST, manifest_bytes(fingerprint, hashes))


def manifest_bytes(fingerprint: str, outputs: Mapping[str, str]) -> bytes:
    """A manifest as it is written; `outputs` has the SHA-256 of each file."""
    manifest = {"fingerprint": fingerprint, "outputs": dict(outputs)}
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def _manifest_of(folder: Path | str) -> bytes:
    # Asked for every image of a matrix, and there for few of them.
    with open(f"{folder}/{MANIFEST}", "rb") as file:  # noqa: PTH123
        return file.read()


def is_current(folder: Path | str, fingerprint: str) -> bool:
    """Whether the files of a folder were made from these inputs and are as they were made."""
    try:
        manifest = json.loads(_manifest_of(folder))
        if manifest["fingerprint"] != fingerprint:
            return False
        return all(hash_file(Path(folder, name)) == sha256 for name, sha256 in manifest["outputs"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def output_hashes(folder: Path, fingerprint: str) -> dict[str, str]:
    """SHA-256 of each output by its name, as it was made from these inputs; empty if it was not made."""
    try:
        manifest = json.loads(_manifest_of(folder))
        return dict(manifest["outputs"]) if manifest["fingerprint"] == fingerprint else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def is_below(name: str) -> bool:
    """Whether a name, as lists of files have it, is one of a file below their folder, and never elsewhere.

    Lists may come from strangers: what they name is looked at.
    """
    parts = name.split("/")
    return name.isprintable() and not {"", ".", ".."} & set(parts)


def changed_outputs(folder: Path) -> tuple[str, ...]:
    """The outputs of a folder that somebody has changed, but not removed, since its manifest was written."""
    try:
        outputs = dict(json.loads((folder / MANIFEST).read_bytes())["outputs"])
        there = [name for name in outputs if (folder / name).is_file()]
        return tuple(sorted(name for name in there if hash_file(folder / name) != outputs[name]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
