"""Copies of trees with a person's own changes: unified diffs, applied by git."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.errors import SourceError
from mcumatrix.hashing import fingerprint, hash_file
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.extract import Unpacking, find_tree, make_tree
from mcumatrix.sources.git import GitError, git
from mcumatrix.sources.members import Member, MemberKind
from mcumatrix.sources.progress import QUIET, Progress
from mcumatrix.sources.selection import AS_IT_IS

_CHUNK_BYTES = 256 * 1024
_NOT_COPIED = frozenset({".git"})


@dataclass(frozen=True, slots=True)
class _Patched:
    """A tree with changes, by what it is made from."""

    name: str
    checksum: str
    kind: str = "patched"

    @property
    def stem(self) -> str:
        return f"{self.name}-patched"


def patched(
    name: str,
    folder: Path,
    contents: str,
    patches: Sequence[Path],
    cache: Cache,
    *,
    progress: Progress = QUIET,
) -> Path:
    """A copy of a folder in the cache to which patches were applied, one after the other.

    `contents` stands for what is in the folder, as a fingerprint does. Patches are unified diffs as `git
    diff` makes them, with names below the folder behind a/ and b/. The folder itself stays as it is.

    Raises:
        SourceError: a patch does not fit; says which one and where.
        OSError: a patch cannot be read.
    """
    made_from = {"tree": contents, "patches": [hash_file(patch) for patch in patches]}
    pin = _Patched(name, fingerprint("patched tree", made_from))
    found = find_tree(pin, cache.trees, AS_IT_IS)
    if found:
        return found

    def read(unpacking: Unpacking) -> None:
        unpacking.run(_members(folder))
        for patch in patches:
            _apply(name, patch, unpacking.tree)

    return make_tree(pin, cache.trees, AS_IT_IS, read, progress=progress)


def _apply(name: str, patch: Path, tree: Path) -> None:
    try:
        git("apply", "--whitespace=nowarn", patch.absolute(), folder=tree)
    except GitError as error:
        raise SourceError(
            f"The patch {patch} does not fit the tree of {name}: git says: {error.sentence}",
            hint="It is to be as `git diff` makes it, with names below that tree's folder behind a/ and b/.",
        ) from error


def _members(folder: Path) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if _NOT_COPIED & set(relative.parts):
            continue
        name = relative.as_posix()
        if path.is_symlink():
            yield Member(name, MemberKind.SYMLINK, target=str(path.readlink()))
        elif path.is_dir():
            yield Member(name, MemberKind.FOLDER)
        elif path.is_file():
            status = path.stat()
            yield Member(
                name,
                MemberKind.FILE,
                size_bytes=status.st_size,
                executable=bool(status.st_mode & 0o100),
                chunks=lambda path=path: _chunks(path),  # type: ignore[misc] # one for each member
            )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
