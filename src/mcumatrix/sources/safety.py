"""What an archive must not do to the machine that unpacks it."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

_NAME_BYTES = 255
_HARMLESS_BYTES = 16 * 1024**2
"""Up to here the ratio of an archive is of no interest: small files of zeros are common."""

Parts = tuple[str, ...]
"""A path below the folder that an archive is unpacked into, name by name."""


class UnsafeError(Exception):
    """An archive is broken or hostile; the text is the rest of a sentence about it."""


@dataclass(frozen=True, slots=True)
class ExtractLimits:
    """What an archive may grow to.

    `size_bytes` is the sum of all contents, `path_bytes` the length of one path in UTF-8, `ratio` how many
    times larger than the archive the contents may be, once they are above 16 MiB.
    """

    size_bytes: int = 8 * 1024**3
    members: int = 200_000
    path_bytes: int = 1024
    ratio: int = 100


class Meter:
    """Counts what comes out of an archive while it comes out, whatever its headers say."""

    def __init__(self, limits: ExtractLimits, archive_bytes: int) -> None:
        self._limits = limits
        self._archive_bytes = archive_bytes
        self.spent_bytes = 0

    def spend(self, size_bytes: int) -> None:
        """Raises:
        UnsafeError: that was too much.
        """
        self.spent_bytes += size_bytes
        if self.spent_bytes > self._limits.size_bytes:
            raise UnsafeError(f"it unpacks to more than {self._limits.size_bytes} bytes")
        if self.spent_bytes > max(_HARMLESS_BYTES, self._limits.ratio * self._archive_bytes):
            raise UnsafeError(f"it unpacks to more than {self._limits.ratio} times its own size")


def shown(name: str) -> str:
    """A name from an archive as it can be shown on a terminal."""
    text = ascii(name)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(name)} characters)"


def parts_of(name: str, limits: ExtractLimits) -> Parts:
    """A member's name as a path below a folder; empty for that folder itself.

    Raises:
        UnsafeError: it is not a path that means the same, and no harm, on every machine.
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise UnsafeError(f"the name {shown(name)} is not UTF-8") from None
    if not name:
        raise UnsafeError("a member has no name")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise UnsafeError(f"the name {shown(name)} has control characters in it")
    if "\\" in name:
        raise UnsafeError(f"the name {shown(name)} has a backslash in it")
    if name.startswith("/") or name[1:2] == ":":
        raise UnsafeError(f"the name {shown(name)} is absolute")
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if ".." in parts:
        raise UnsafeError(f"the name {shown(name)} leads out with '..'")
    if length > limits.path_bytes or any(len(part.encode()) > _NAME_BYTES for part in parts):
        raise UnsafeError(f"the name {shown(name)} is too long")
    return parts


def check_symlink(parts: Parts, target: str, limits: ExtractLimits) -> str:
    """The target of a symbolic link at `parts`, in its shortest form, if it stays inside of the folder.

    It does so through any other links, too.

    `..` is allowed at the start of a target only. So it climbs from the link's own folder, which is a real
    one (`Outline` sees to that), to a real folder that is inside; from there it only descends, through
    folders or through links of which the same is true.

    Raises:
        UnsafeError: it does not, or nobody can say.
    """
    link = shown("/".join(parts))
    if not target:
        raise UnsafeError(f"the link {link} leads nowhere")
    if len(target) > limits.path_bytes:
        raise UnsafeError(f"the link {link} leads to a name that is too long")
    climbs, rest = 0, [part for part in target.split("/") if part not in {"", "."}]
    while rest[:1] == [".."]:
        climbs, rest = climbs + 1, rest[1:]
    if climbs > len(parts) - 1 or ".." in rest or target.startswith("/"):
        raise UnsafeError(f"the link {link} leads out, to {shown(target)}")
    parts_of("/".join(rest) or ".", limits)
    return "/".join([".."] * climbs + rest) or "."


class NodeKind(Enum):
    """What is at a path."""

    FOLDER = auto()
    FILE = auto()
    SYMLINK = auto()


class Outline:
    """All paths of an archive so far: each is one thing, and no two differ in case alone."""

    def __init__(self) -> None:
        self._nodes: dict[Parts, tuple[Parts, NodeKind]] = {}
        self._folders: set[Parts] = set()

    def kind(self, parts: Parts) -> NodeKind | None:
        """What is at a path, None if nothing."""
        exact, kind = self._nodes.get(_fold(parts), (None, None))
        return kind if exact == parts else None

    def add(self, parts: Parts, kind: NodeKind) -> None:
        """Adds a path, and the folders above it.

        Raises:
            UnsafeError: it clashes with one that is there.
        """
        for above in _above(parts):
            if above not in self._folders:
                if self._put(above, NodeKind.FOLDER) not in {None, NodeKind.FOLDER}:
                    raise UnsafeError(f"{_path(parts)} is below {_path(above)}, which is not a folder")
                self._folders.add(above)
        there = self._put(parts, kind)
        if there and (there, kind) != (NodeKind.FOLDER, NodeKind.FOLDER):
            raise UnsafeError(f"{_path(parts)} is in it twice")

    def _put(self, parts: Parts, kind: NodeKind) -> NodeKind | None:
        """What was at a path before; it stays there."""
        folded = _fold(parts)
        there = self._nodes.get(folded)
        if there is None:
            self._nodes[folded] = (parts, kind)
            return None
        if there[0] != parts:
            raise UnsafeError(f"{_path(there[0])} and {_path(parts)} are one where case does not count")
        return there[1]


def _path(parts: Parts) -> str:
    return shown("/".join(parts))


def _above(parts: Parts) -> Iterator[Parts]:
    return (parts[:length] for length in range(1, len(parts)))


def _fold(parts: Iterable[str]) -> Parts:
    return tuple(
        unicodedata.normalize("NFC", unicodedata.normalize("NFD", part).casefold()) for part in parts
    )
