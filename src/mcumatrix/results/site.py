"""A folder that results are published to: what is in it by name, and files of others beside that.

`SHA256SUMS` has every file that was published: by it a folder is known as one that was published
to before, and it says what in it may be replaced or removed.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mcumatrix.artifact import is_below, write_atomically
from mcumatrix.errors import MatrixError
from mcumatrix.hashing import hash_bytes, hash_file
from mcumatrix.results.archive import SUMS, read_sums, sums_bytes


def write_site(to: Path, files: Mapping[str, Path | bytes]) -> None:
    """Makes a folder have these files, by their names in it, and no others that were published there.

    What is left by a kill in between is put in order the next time.

    Raises:
        MatrixError: the folder has other files under such names, and they were not published.
        OSError: a file cannot be read or written.
    """
    sums = {
        name: hash_file(content) if isinstance(content, Path) else hash_bytes(content)
        for name, content in files.items()
    }
    before = _published_before(to)
    there = {name: hash_file(to / name) for name in files if (to / name).is_file()}
    foreign = sorted(name for name in there.keys() - before.keys() if there[name] != sums[name])
    if foreign:
        raise MatrixError(
            f"{to} has files that were not published by mcumatrix: {', '.join(foreign[:5])}",
            hint="Name another folder with --to, or move them away.",
        )
    # First who they belong to: whoever is killed in between finds them as his own.
    write_atomically(to / SUMS, sums_bytes(before | sums))
    for name, content in sorted(files.items()):
        if there.get(name) != sums[name]:
            write_atomically(to / name, content.read_bytes() if isinstance(content, Path) else content)
    for name in before.keys() - files.keys():
        (to / name).unlink(missing_ok=True)
    _remove_empty_folders(to, before.keys() - files.keys())
    write_atomically(to / SUMS, sums_bytes(sums))


def _published_before(to: Path) -> dict[str, str]:
    """SHA-256 of what was published to a folder, by name; nothing where it was not."""
    try:
        declared = read_sums((to / SUMS).read_bytes())
    except FileNotFoundError:
        return {}
    # Somebody may have written the file by hand: nothing outside of the folder is ours.
    if declared is None or not all(map(is_below, declared)):
        raise MatrixError(
            f"{to / SUMS} was not made by mcumatrix",
            hint="Name another folder with --to, or move that file away.",
        )
    return declared


def _remove_empty_folders(to: Path, gone: set[str]) -> None:
    for parent in sorted({parent for name in gone for parent in PurePosixPath(name).parents}, reverse=True):
        folder = to / parent
        if parent.parts and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
