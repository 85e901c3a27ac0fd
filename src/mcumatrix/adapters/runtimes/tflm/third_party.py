"""Where the libraries of others are that TensorFlow Lite Micro includes: in its tree, beside it, or given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.tree import MICRO_FOLDERS, SCHEMA, absolute
from mcumatrix.errors import SourceError

TENSORFLOW = "tensorflow"
FLATBUFFERS = "flatbuffers"
GEMMLOWP = "gemmlowp"
CMSIS = "cmsis"
RUY = "ruy"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a library is recognised.

    `markers` are names below its base that all must be there. `bases` are where the base may be in a folder
    of it; `folders` are names that such a folder has. `includes` are how includes of it begin.
    """

    name: str
    markers: tuple[str, ...]
    bases: tuple[str, ...]
    folders: tuple[str, ...]
    includes: tuple[str, ...]


_KINDS = {
    kind.name: kind
    for kind in (
        _Kind(
            FLATBUFFERS,
            markers=("flatbuffers/flatbuffers.h",),
            bases=("include", ""),
            folders=("flatbuffers",),
            includes=("flatbuffers/", "flatbuffers.h"),
        ),
        _Kind(
            GEMMLOWP,
            markers=("fixedpoint/fixedpoint.h", "internal"),
            bases=("",),
            # The seed's tree of 1.14.0 has it under the other name.
            folders=("gemmlowp", "fixedpoint"),
            includes=("fixedpoint/", "fixedpoint.h", "public/gemmlowp.h", "profiling/instrumentation.h"),
        ),
        _Kind(
            CMSIS,
            markers=("NN/Include/arm_nnfunctions.h", "NN/Source"),
            bases=("", "CMSIS"),
            folders=("cmsis", "CMSIS", "CMSIS_5"),
            includes=("arm_nn", "arm_math", "cmsis/CMSIS/", "CMSIS/"),
        ),
        _Kind(
            RUY,
            markers=("ruy/profiler/instrumentation.h",),
            bases=("",),
            folders=("ruy",),
            includes=("ruy/",),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder: `path` is its name below the folder of `tree`, such as tensorflow or cmsis."""

    tree: str
    path: str


@dataclass(frozen=True, slots=True)
class Party:
    """A library that was found.

    `folder` is the one that it was found in, absolute; `base` is where its includes begin, or where CMSIS has
    NN, DSP and its core. `is_inside` says that it is a part of the TensorFlow tree, and needs no folder of
    its own.
    """

    name: str
    folder: Path
    base: Path
    is_inside: bool


@dataclass(frozen=True, slots=True)
class Parties:
    """The libraries that were found, by name, and the folders in which each was looked for by its name."""

    tree_folder: Path
    found: Mapping[str, Party]
    looked: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def need(self, name: str, because: str) -> Party:
        """A library that cannot be done without; `because` is a clause that says why.

        Raises:
            SourceError: it was not found.
        """
        party = self.found.get(name)
        if party is None:
            kind = _KINDS[name]
            looked = "".join(f"\n    {folder}" for folder in self.looked.get(name, ()))
            raise SourceError(
                f"{name} is missing: {because}. Looked for folders called {' or '.join(kind.folders)} with"
                f" {kind.markers[0]} below them, in{looked}",
                hint=f"Put {name} beside the tree, or give it as a source of the runtime (matrix/runtimes).",
            )
        return party

    def outside(self) -> dict[str, Path]:
        """The folders that are needed besides the TensorFlow tree, by name."""
        return {name: party.folder for name, party in self.found.items() if not party.is_inside}

    def place(self, path: Path, party: Party | None = None) -> Place:
        """A path below the TensorFlow tree, or below a library's folder."""
        if party is None or party.is_inside:
            return Place(TENSORFLOW, path.relative_to(self.tree_folder).as_posix())
        return Place(party.name, path.relative_to(party.folder).as_posix())


def find_parties(tree_folder: Path, given: Mapping[str, Path]) -> Parties:
    """Finds flatbuffers, gemmlowp, cmsis and ruy for the TensorFlow tree in a folder.

    A folder in `given` wins. Otherwise they are looked for in the tree: where TensorFlow's makefiles leave
    them and put them in the projects that they make, below tensorflow/lite, and at the include root; then
    beside the tree. What is not found is no error until it is needed.

    Raises:
        SourceError: a folder that was given is not what it was given for.
    """
    tree_folder = absolute(tree_folder)
    found: dict[str, Party] = {}
    looked: dict[str, tuple[Path, ...]] = {}
    for kind in _KINDS.values():
        folders = [absolute(given[kind.name])] if kind.name in given else _candidates(kind, tree_folder)
        bases = [(folder, folder / base) for folder in folders for base in kind.bases]
        looked[kind.name] = tuple(
            dict.fromkeys(folder.parent for folder in folders if folder.name in kind.folders)
        )
        party = next((pair for pair in bases if _is_there(kind, pair[1])), None)
        if party is not None:
            inside = kind.name not in given and party[0].is_relative_to(tree_folder)
            found[kind.name] = Party(kind.name, *party, is_inside=inside)
        elif kind.name in given:
            places = " or ".join(" and ".join(str(base / name) for name in kind.markers) for _, base in bases)
            raise SourceError(
                f"{folders[0]} was given for {kind.name} and is not {kind.name}: looked for {places}.",
                hint=f"Give the folder that an archive of {kind.name} unpacks to.",
            )
    return Parties(tree_folder, found, looked)


def party_of_include(include: str) -> str | None:
    """Which of the libraries an include that the tree itself does not have must come from."""
    return next(
        (kind.name for kind in _KINDS.values() if include.startswith(kind.includes)),
        None,
    )


def _candidates(kind: _Kind, tree_folder: Path) -> list[Path]:
    """Folders that may be a library's, or have it as a folder of includes does."""
    root = next(
        (root for root in (tree_folder, tree_folder / "tensorflow") if (root / SCHEMA).is_file()), tree_folder
    )
    within = [
        *(f"{micro}/tools/make/downloads" for micro in MICRO_FOLDERS if (root / micro).is_dir()),
        "tensorflow/lite",
        "third_party",
        ".",
    ]
    inside = [root / folder / name for folder in within for name in kind.folders]
    # ruy/profiler, fixedpoint and the like may lie at the include root itself.
    inside.append(root)
    if root != tree_folder:
        inside += [tree_folder / name for name in kind.folders]
    beside = [tree_folder.parent / name for name in kind.folders]
    return list(dict.fromkeys([*inside, *beside]))


def _is_there(kind: _Kind, base: Path) -> bool:
    return all((base / marker).exists() for marker in kind.markers)
