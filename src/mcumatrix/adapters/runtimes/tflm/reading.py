"""What the sources of a tree include, and which names their conditions look at."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.third_party import (
    CMSIS,
    CMSIS_NN,
    FLATBUFFERS,
    GEMMLOWP,
    RUY,
    Parties,
    Party,
    party_of_include,
)
from mcumatrix.adapters.runtimes.tflm.tree import LITE, TflmTree, absolute, read_text, without_comments
from mcumatrix.errors import SourceError

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([\"<])([^\">\n]+)[\">]", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|endif|include)\b", re.MULTILINE)
_GUARD = re.compile(r"\A\s*#[ \t]*ifndef[ \t]+(\w+)\s+#[ \t]*define[ \t]+\1\b")
_CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b((?:\\\n|[^\n])*)", re.MULTILINE)
_CMSIS_HEADER = re.compile(r"^(?:(?:.*/)?CMSIS/(?:NN|DSP|Core)/)?Include/(.+)$")

_SPARE_BASES = {FLATBUFFERS: "flatbuffers", GEMMLOWP: "fixedpoint"}
"""Where includes of a library begin in trees whose includes were shortened. It is no place for all includes:
flatbuffers has a string.h of its own."""


@dataclass(slots=True)
class Reading:
    """Follows the includes of sources, whether a condition is met or not, as a compiler would look for them.

    `files` are those that were read. `conditions` are the names that conditions of the preprocessor look at,
    each with a file that does. `missing` are libraries that were not found, each with who includes what.
    """

    tree: TflmTree
    parties: Parties
    cmsis_directories: Sequence[tuple[Path, Party]]
    conditions: dict[str, Path] = field(default_factory=dict)
    missing: dict[str, tuple[Path, str]] = field(default_factory=dict)
    forwards: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, None] = field(default_factory=dict)
    files: dict[Path, None] = field(default_factory=dict)
    _active: dict[Path, Party | None] = field(default_factory=dict)
    _codes: dict[Path, str] = field(default_factory=dict)
    _order: list[Path] = field(default_factory=list)
    _by_name: dict[str, list[Path]] | None = None
    _known: dict[str, Path | None] = field(default_factory=dict)

    def read(self, files: Iterable[Path], optional: Mapping[Path, Path]) -> None:
        """Reads files and all that they include; may be called once.

        Files that are values of `optional` are read if something includes the header that is their key.
        """
        files = [path for path in files if path not in set(optional.values())]
        self._active = {self.tree.root: None, **dict(self.cmsis_directories)}
        # A directory that turns out to be needed can change what is found first.
        while self._order != (order := [path for path, _ in self.directories()]):
            self._order = order
            for notes in (self.conditions, self.missing, self.forwards, self.foreign):
                notes.clear()
            self.files = dict.fromkeys(files)
            self._follow(optional)

    def directories(self) -> list[tuple[Path, Party | None]]:
        """Where includes begin, in the order in which they are looked for."""
        ranks = [None, FLATBUFFERS, GEMMLOWP, RUY, CMSIS_NN, CMSIS]
        order = list(self._active)

        def rank(path: Path) -> tuple[int, int, int, str]:
            party = self._active[path]
            if path == self.tree.root:
                return (0, 0, 0, "")
            if party is None:
                # The tree's own have namesakes. Shared code knows nothing of the micro folder, which finds
                # what it has by itself; and what is deeper is more special.
                is_micro = path.is_relative_to(self.tree.micro_folder)
                return (len(ranks) + is_micro, -len(path.parts), 0, str(path))
            return (ranks.index(party.name), 0, order.index(path), "")

        return [(path, self._active[path]) for path in sorted(self._active, key=rank)]

    def name_of(self, path: Path) -> str:
        """A file's name for people."""
        root = self.tree.root
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    def _follow(self, optional: Mapping[Path, Path]) -> None:
        queue = list(self.files)
        for path in queue:
            if path not in self._codes:
                self._codes[path] = without_comments(read_text(path))
            code = self._codes[path]
            for name in _names_in_conditions(code):
                self.conditions.setdefault(name, path)
            always = _unconditional(code)
            for match in _INCLUDE.finditer(code):
                mark, include = match.groups()
                found = self._find(include, path, is_quoted=mark == '"')
                if found is None and mark == '"' and match.start() in always:
                    self._note_foreign(include, path)
                for new in (found, optional.get(found)) if found is not None else ():
                    if new is not None and new not in self.files:
                        self.files[new] = None
                        queue.append(new)

    def _find(self, include: str, includer: Path, *, is_quoted: bool) -> Path | None:
        directories = self._order
        for directory in [includer.parent, *directories] if is_quoted else directories:
            if (found := self._own_file(directory / include)) is not None:
                return found
        found = self._in_party(include) or (self._in_flat_tree(include, includer) if is_quoted else None)
        if found is not None:
            return found
        if match := _CMSIS_HEADER.match(include):
            for directory, _ in self.cmsis_directories:
                if (found := self._own_file(directory / match[1])) is not None:
                    self.forwards[include] = match[1]
                    return found
        # Ports put the name of their own folder before all includes.
        tail = include.partition("/")[2]
        if is_quoted and tail and (found := self._own_file(self.tree.root / tail)) is not None:
            self.forwards[include] = tail
            return found
        self._refuse_outside(include, includer)
        name = party_of_include(include)
        is_trees_own = self._is_trees_own(includer)
        is_cmsis = name in (CMSIS, CMSIS_NN)
        if name is not None and (is_cmsis or (is_trees_own and name not in self.parties.found)):
            self.missing.setdefault(name, (includer, include))
        return None

    def _note_foreign(self, include: str, includer: Path) -> None:
        if self._is_trees_own(includer) and party_of_include(include) is None:
            self.foreign[f"{self.name_of(includer)} includes {include}"] = None

    def conditions_in(self, files: Iterable[Path]) -> dict[str, Path]:
        """The names that conditions in some of the files look at, each with the first that does."""
        looked_at: dict[str, Path] = {}
        for path in files:
            for name in _names_in_conditions(self._codes[path]):
                looked_at.setdefault(name, path)
        return looked_at

    def _is_trees_own(self, path: Path) -> bool:
        return path.is_relative_to(self.tree.folder) and self._owner(path) is None

    def _refuse_outside(self, include: str, includer: Path) -> None:
        """Raises:
        SourceError: a compiler would find a file there that is neither the tree's nor a library's.
        """
        if ".." not in Path(include).parts:
            return
        for directory in [includer.parent, *self._order]:
            path = absolute(directory / include)
            if path.is_file():
                raise SourceError(
                    f"{self.name_of(includer)} includes {include}, which is {path}: outside of the tree,"
                    " so that nobody would notice a change of it.",
                    hint="Copy it into the tree and include it from there, or take the line out: the key"
                    " patches of the runtime's file does that to a copy.",
                )

    def _own_file(self, path: Path) -> Path | None:
        """A file of the tree or of a library: what lies beside them is not theirs, even if it is there."""
        name = str(path)
        if name not in self._known:
            path = absolute(path)
            folders = [self.tree.folder, *(party.folder for party in self.parties.found.values())]
            is_own = path.is_file() and any(path.is_relative_to(folder) for folder in folders)
            self._known[name] = path if is_own else None
        return self._known[name]

    def _owner(self, path: Path) -> Party | None:
        """The library that has a file, if it is not the tree's own."""
        parties = [party for party in self.parties.found.values() if party.folder != self.tree.root]
        return next((party for party in parties if path.is_relative_to(party.folder)), None)

    def _in_party(self, include: str) -> Path | None:
        for name, party in self.parties.found.items():
            if name in (CMSIS, CMSIS_NN):
                continue
            if (found := self._own_file(party.base / include)) is not None:
                self._active[party.base] = party
                return found
            spare = _SPARE_BASES.get(name, "")
            if spare and party_of_include(include) == name:
                full = f"{spare}/{include}"
                if (found := self._own_file(party.base / full)) is not None:
                    self._active[party.base] = party
                    self.forwards[include] = full
                    return found
        return None

    def _in_flat_tree(self, include: str, includer: Path) -> Path | None:
        """A file of the tree whose name ends so, for trees whose includes somebody shortened."""
        if not self._is_flat() or ".." in Path(include).parts:
            return None
        if self._by_name is None:
            self._by_name = {}
            for path in sorted((self.tree.root / LITE).rglob("*.h")):
                if self._owner(path) is None:
                    self._by_name.setdefault(path.name, []).append(path)

        def distance(path: Path) -> tuple[int, int, str]:
            shared = sum(1 for one, other in zip(path.parts, includer.parts, strict=False) if one == other)
            return (-shared, len(path.parts), str(path))

        candidates = [
            path
            for path in self._by_name.get(Path(include).name, [])
            if path.as_posix().endswith(f"/{include}")
        ]
        if not candidates:
            return None
        found = min(candidates, key=distance)
        self._active[found.parents[len(Path(include).parts) - 1]] = None
        return found

    def _is_flat(self) -> bool:
        header = self.tree.micro_folder / "micro_interpreter.h"
        if header not in self._codes:
            self._codes[header] = without_comments(read_text(header))
        return not any(name.startswith(f"{LITE}/") for _, name in _INCLUDE.findall(self._codes[header]))

    def value_of(self, name: str) -> str | None:
        """What a header that is included defines a name as; None if none does."""
        pattern = re.compile(rf"^[ \t]*#[ \t]*define[ \t]+{name}\b[ \t]*([^\n]*)", re.MULTILINE)
        return next(
            (match[1].strip() for code in self._codes.values() if (match := pattern.search(code))), None
        )


def _unconditional(code: str) -> frozenset[int]:
    """Where in a file includes stand that no condition leaves out, but the one that guards a header."""
    guard = _GUARD.search(code)
    depth = 0
    places = set()
    for match in _DIRECTIVE.finditer(code):
        word = match[1]
        if word in ("if", "ifdef", "ifndef"):
            depth += 1
        elif word == "endif":
            depth -= 1
        elif word == "include" and depth == (1 if guard else 0):
            places.add(match.start())
    return frozenset(places)


def _names_in_conditions(code: str) -> Iterator[str]:
    """What the preprocessor's conditions of a file look at, in their order; `code` is without comments."""
    for condition in _CONDITION.findall(code):
        yield from re.findall(r"\b[A-Za-z_]\w*", condition)
