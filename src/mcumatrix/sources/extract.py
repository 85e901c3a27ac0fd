"""Unpacks a pinned archive into a folder that is named by what is in it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from mcumatrix.artifact import is_current, sync_folder, write_atomically, write_manifest
from mcumatrix.errors import SourceError
from mcumatrix.hashing import fingerprint
from mcumatrix.sources.cache import locked
from mcumatrix.sources.members import Member, MemberKind, members
from mcumatrix.sources.pin import ArchiveKind, Pin
from mcumatrix.sources.progress import QUIET, Progress
from mcumatrix.sources.safety import (
    ExtractLimits,
    Meter,
    NodeKind,
    Outline,
    Parts,
    UnsafeError,
    check_symlink,
    parts_of,
    shown,
)
from mcumatrix.sources.selection import WHOLE, Selection
from mcumatrix.sources.tree import list_tree
from mcumatrix.storage import place_of, reason_of, remedy_of

_RULES_VERSION = 1
"""Raised when the same archive would be unpacked to something else."""

_MTIME_S = 315_532_800
"""1980-01-01, the first time that every format can hold; ninja takes 0 for a file that is not there."""

_CONTENTS = "contents.json"
_NODE_KINDS = {MemberKind.FOLDER: NodeKind.FOLDER, MemberKind.SYMLINK: NodeKind.SYMLINK}


class Pinned(Protocol):
    """What is unpacked, and nothing else than that: an archive, or a commit of a repository."""

    @property
    def name(self) -> str: ...

    @property
    def stem(self) -> str:
        """How its folders begin."""
        ...

    @property
    def checksum(self) -> str:
        """Its only contents, as `sha256:...` or the like."""
        ...

    @property
    def kind(self) -> str:
        """How it is packed."""
        ...


def find_tree(pin: Pinned, destination: Path, selection: Selection = WHOLE) -> Path | None:
    """The folder that `extract` made before, if everything in it is as it was made; hashes all of it."""
    key = _key(pin, selection)
    home = _home(pin, destination, key)
    if not is_current(home, key):
        return None
    try:
        whole = json.loads((home / _CONTENTS).read_bytes()) == list_tree(home / "tree")
    except (OSError, SourceError):
        return None
    return home / "tree" if whole else None


def extract(
    archive: Path,
    pin: Pin,
    destination: Path,
    *,
    selection: Selection = WHOLE,
    limits: ExtractLimits | None = None,
    progress: Progress = QUIET,
) -> Path:
    """Unpacks an archive below `destination`; returns the folder with the selected members.

    The folder's name has the archive's digest and the selection in it. It appears at once and complete; one
    that is there and as it was made is used again, one that was tampered with is made again. Files are 0644,
    or 0755 where their owner may execute them; all times are 1980-01-01.

    Raises:
        SourceError: the archive is not the pinned one, is damaged or hostile, or lacks what is selected.
    """

    def read(unpacking: Unpacking) -> None:
        with archive.open("rb") as file:
            found = pin.digest_of(file)
            if found != pin.digest:
                raise SourceError(
                    f"{archive} is not what is pinned: its {pin.algorithm} is {found}, "
                    f"and {pin.digest} is pinned.",
                    hint="Fetch it again.",
                )
            meter = Meter(unpacking.limits, file.tell())
            file.seek(0)
            progress.begin("unpack", pin.name, None)
            unpacking.run(_watched(members(file, pin.kind, meter, unpacking.tree), meter, progress))

    return make_tree(pin, destination, selection, read, limits=limits, progress=progress)


def make_tree(
    pin: Pinned,
    destination: Path,
    selection: Selection,
    read: Callable[["Unpacking"], None],
    *,
    limits: ExtractLimits | None = None,
    progress: Progress = QUIET,
) -> Path:
    """The folder that `extract` promises; `read` gives all members of what is pinned to what unpacks them.

    Raises:
        SourceError: as `read` says, or the members are hostile, or lack what is selected.
    """
    key = _key(pin, selection)
    home = _home(pin, destination, key)
    with locked(destination / f".{home.name}.lock", pin.name, progress):
        found = find_tree(pin, destination, selection)
        if found:
            return found
        aside = destination / f".{home.name}.aside"
        try:
            _remove(aside)  # left by a killed process
            read(Unpacking(aside / "tree", pin.name, selection, limits or ExtractLimits()))
            write_atomically(aside / _CONTENTS, json.dumps(list_tree(aside / "tree"), indent=1).encode())
            write_manifest(aside, key, [_CONTENTS])
            _remove(home)
            aside.rename(home)
            sync_folder(destination)
        except UnsafeError as error:
            raise SourceError(
                f"{pin.name} was not unpacked: {error}.",
                hint="Nothing of it was kept. Its checksum is the pinned one: look where the pin comes from.",
            ) from error
        except OSError as error:
            raise SourceError(
                f"{pin.name} could not be unpacked: {place_of(error, destination)} cannot be used, because "
                f"{reason_of(error)}. What is unpacked already is kept.",
                hint=remedy_of(error),
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return home / "tree"


def unpack(archive: Path, kind: ArchiveKind, tree: Path, limits: ExtractLimits | None = None) -> None:
    """Unpacks an archive that nobody has pinned into `tree`, a folder that is made for it.

    What it has in it, below the one folder around everything, is held to the same rules as pinned ones.

    Raises:
        UnsafeError: it is damaged or hostile; what is unpacked until then is left there.
        OSError: the disk has failed.
    """
    limits = limits or ExtractLimits()
    with archive.open("rb") as file:
        meter = Meter(limits, archive.stat().st_size)
        Unpacking(tree, archive.name, WHOLE, limits).run(members(file, kind, meter, tree))


def _key(pin: Pinned, selection: Selection) -> str:
    return fingerprint(
        "source tree",
        {
            "rules": _RULES_VERSION,
            "archive": [pin.checksum, pin.kind],
            "include": sorted(selection.include),
            "strip_top_folder": int(selection.strip_top_folder),
        },
    )


def _home(pin: Pinned, destination: Path, key: str) -> Path:
    return destination / f"{pin.stem}-{key[:16]}"


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _watched(archive: Iterator[Member], meter: Meter, progress: Progress) -> Iterator[Member]:
    for member in archive:
        yield member
        progress.advance(meter.spent_bytes)


class Unpacking:
    """One archive on its way into one new folder.

    Symbolic links are made last: while files are written, every folder in the tree is a real one.
    """

    def __init__(self, tree: Path, name: str, selection: Selection, limits: ExtractLimits) -> None:
        self.tree = tree
        self.limits = limits
        self._name = name
        self._selection = selection
        self._patterns = selection.matcher()
        self._unmatched = set(selection.include)
        self._outline = Outline()
        self._top: str | None = None
        self._written: set[Parts] = set()
        self._symlinks: list[tuple[Parts, str]] = []

    def run(self, archive: Iterator[Member]) -> None:
        """Unpacks all members that are selected, and checks all."""
        self.tree.mkdir(parents=True)
        for count, member in enumerate(archive, start=1):
            if count > self.limits.members:
                raise UnsafeError(f"it has more than {self.limits.members} members")
            if member.size_bytes > self.limits.size_bytes:
                raise UnsafeError(f"it unpacks to more than {self.limits.size_bytes} bytes")
            self._add(member)
        if self._unmatched:
            patterns = ", ".join(repr(pattern) for pattern in sorted(self._unmatched))
            raise SourceError(
                f"{self._name} was not unpacked: nothing in it is selected by {patterns}.",
                hint="Paths are below the top folder, and case counts; see what the archive has in it.",
            )
        for parts, target in self._symlinks:
            self._place(parts).symlink_to(target)
        self._settle()

    def _add(self, member: Member) -> None:
        parts = self._below_top(member.name)
        if not parts:
            if member.kind is not MemberKind.FOLDER:
                raise UnsafeError(f"{shown(member.name)} has the place of the folder around everything")
            return
        self._outline.add(parts, _NODE_KINDS.get(member.kind, NodeKind.FILE))
        if member.kind is MemberKind.SYMLINK:
            leads_to = check_symlink(parts, member.target, self.limits)
        linked = self._linked(parts, member) if member.kind is MemberKind.HARD_LINK else ()
        member.judge()
        selected = self._patterns("/".join(parts))
        self._unmatched -= selected
        if not selected:
            return
        if member.kind is MemberKind.HARD_LINK:
            self._link(parts, linked)
        elif member.kind is MemberKind.FOLDER:
            self._place(parts).mkdir(exist_ok=True)
        elif member.kind is MemberKind.SYMLINK:
            self._symlinks.append((parts, leads_to))
        else:
            self._write(parts, member)

    def _below_top(self, name: str) -> Parts:
        """The path of a name below the folder around everything, where there must be one."""
        parts = parts_of(name, self.limits)
        if not self._selection.strip_top_folder or not parts:
            return parts
        self._top = self._top or parts[0]
        if parts[0] != self._top:
            raise UnsafeError(
                f"{shown(name)} is not below {shown(self._top)}, the folder around all before it"
            )
        return parts[1:]

    def _place(self, parts: Parts) -> Path:
        path = self.tree.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _write(self, parts: Parts, member: Member) -> None:
        size_bytes = 0
        with self._place(parts).open("xb") as file:
            for chunk in member.chunks():
                file.write(chunk)
                size_bytes += len(chunk)
            os.fchmod(file.fileno(), 0o755 if member.executable else 0o644)
        if size_bytes != member.size_bytes:
            raise UnsafeError(f"it is damaged: {shown(member.name)} has another length than it says")
        self._written.add(parts)

    def _linked(self, parts: Parts, member: Member) -> Parts:
        """The file that a hard link is one with."""
        target = self._below_top(member.target)
        if self._outline.kind(target) is not NodeKind.FILE or target == parts:
            raise UnsafeError(
                f"the hard link {shown('/'.join(parts))} leads to {shown(member.target)}, "
                "which is no file before it"
            )
        return target

    def _link(self, parts: Parts, target: Parts) -> None:
        if target not in self._written:
            raise SourceError(
                f"{self._name} was not unpacked: {shown('/'.join(parts))} is one file with "
                f"{shown('/'.join(target))}, which is not selected.",
                hint="Select both or none.",
            )
        self._place(parts).hardlink_to(self.tree.joinpath(*target))
        self._written.add(parts)

    def _settle(self) -> None:
        """Makes times and the rights of folders the same on every machine."""
        for folder, folders, files in os.walk(self.tree, topdown=False):
            for name in (*files, *folders):
                os.utime(Path(folder, name), (_MTIME_S, _MTIME_S), follow_symlinks=False)
            Path(folder).chmod(0o755)
        os.utime(self.tree, (_MTIME_S, _MTIME_S))
