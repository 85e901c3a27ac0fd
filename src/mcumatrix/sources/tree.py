"""What a folder holds: names, contents, executable bits, links. Not times, owners or places."""

from collections.abc import Iterator
from pathlib import Path

from mcumatrix.errors import SourceError
from mcumatrix.hashing import fingerprint, hash_file


def list_tree(folder: Path) -> dict[str, str]:
    """What each name below a folder is: `folder`, `file SHA256`, `program SHA256` or `link TARGET`.

    Raises:
        SourceError: something in it is none of these, or cannot be read.
    """
    try:
        return dict(_entries(folder, folder))
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror} ({error.filename}).") from error


def tree_hash(folder: Path) -> str:
    """One hash over all that `list_tree` sees."""
    return listing_hash(list_tree(folder))


def listing_hash(listing: dict[str, str]) -> str:
    """The `tree_hash` of a folder with this listing."""
    return fingerprint("tree", listing)


def _entries(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield name, f"link {path.readlink()}"
        elif path.is_dir():
            yield name, "folder"
            yield from _entries(path, root)
        elif path.is_file():
            kind = "program" if path.stat().st_mode & 0o100 else "file"
            yield name, f"{kind} {hash_file(path)}"
        else:
            raise SourceError(f"{path} is neither a file nor a folder nor a link.", hint="Remove it.")
