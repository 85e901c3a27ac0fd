"""Folders that lie over one another: what an upper one has hides what a lower one has under the same name."""

import filecmp
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from mcumatrix.artifact import make_folder

Folders = Path | tuple[Path, ...]
"""One folder, or several of them from the top down."""


def layers(folders: Folders) -> tuple[Path, ...]:
    """The folders one by one, from the top down."""
    return (folders,) if isinstance(folders, Path) else folders


def find(folders: Folders, name: str | Path) -> Path:
    """The path of a file or folder below the uppermost folder that has it; below the first where none has."""
    places = [folder / name for folder in layers(folders)]
    return next((place for place in places if _is_there(place)), places[0])


def entries(folders: Folders, pattern: str) -> list[Path]:
    """What matches in any of the folders, by name, each from the uppermost that has it."""
    found = {path.name: path for folder in reversed(layers(folders)) for path in folder.glob(pattern)}
    return [found[name] for name in sorted(found)]


def whole(upper: Path, lower: Path, into: Path, *, apart: Collection[str] = ()) -> Path:
    """A folder with the files of two that lie over one another, for who can take only one, as compilers do.

    It is one of the two where that has them all; otherwise they are copied to `into`, which then has these
    and no others. What is called as in `apart` at the top of the two belongs to neither.

    Raises:
        OSError: a file cannot be read or copied.
    """
    if not lower.is_dir() or (upper.is_dir() and upper.samefile(lower)):
        return upper
    own, further = _files(upper, apart), _files(lower, apart)
    if not own:
        return lower
    if further <= own:
        return upper
    wanted = {name: (upper if name in own else lower) / name for name in own | further}
    if _files(into, ()) - wanted.keys():
        shutil.rmtree(into)
    # Whoever compiles at the same time finds a file as it was or as it is to be.
    aside = into.with_name(f".{into.name}.{os.getpid()}")
    for name, source in wanted.items():
        target = into / name
        if not target.is_file() or not filecmp.cmp(source, target):
            make_folder(target.parent)
            shutil.copy2(source, aside)
            aside.replace(target)
    return into


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # A name that no file can have, such as one of 300 characters.
        return False


def _files(folder: Path, apart: Collection[str]) -> set[str]:
    """The names of all files below a folder, without what editors and file managers hide there."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        name.as_posix()
        for name in names
        if name.parts[0] not in apart and not any(part.startswith(".") for part in name.parts)
    }
