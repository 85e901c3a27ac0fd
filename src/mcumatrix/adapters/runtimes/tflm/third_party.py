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
CMSIS_NN = "cmsis-nn"
RUY = "ruy"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a library is recognised.

    `markers` are names below its base that all must be there, `other_markers` others that will do. `bases`
    are where the base may be in a folder of it; `folders` are names that such a folder has. `includes` are
    how includes of it begin. `within` is a library that can have it as a part, with `bases_within` where it
    is there.
    """

    name: str
    markers: tuple[str, ...]
    bases: tuple[str, ...]
    folders: tuple[str, ...]
    includes: tuple[str, ...]
    other_markers: tuple[str, ...] = ()
    within: str = ""
    bases_within: tuple[str, ...] = ()


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
            markers=("Core/Include",),
            other_markers=("Include/cmsis_gcc.h",),
            bases=("", "CMSIS"),
            folders=("cmsis", "CMSIS", "CMSIS_5", "CMSIS_6"),
            # Its own headers include more, for other compilers.
            includes=("cmsis_compiler.h",),
        ),
        _Kind(
            CMSIS_NN,
            markers=("Include/arm_nnfunctions.h", "Source"),
            bases=("",),
            folders=("cmsis_nn", "cmsis-nn", "CMSIS-NN"),
            includes=("arm_nn", "arm_math", "cmsis/CMSIS/", "CMSIS/", "Include/arm_nn"),
            # Until 2022 it was a part of CMSIS 5.
            within=CMSIS,
            bases_within=("NN", "CMSIS/NN"),
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
    its core, or CMSIS-NN its folders Include and Source. `tree` is the name of what it is a part of, in whose
    folder it is: its own, or that of the TensorFlow tree or of another library.
    """

    name: str
    folder: Path
    base: Path
    tree: str

    @property
    def is_inside(self) -> bool:
        """Whether it is a part of the TensorFlow tree."""
        return self.tree == TENSORFLOW


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
            folders = f"{' or '.join(kind.folders)} with {kind.markers[0]} below them"
            if kind.within:
                folders += (
                    f", or {' or '.join(_KINDS[kind.within].folders)} with"
                    f" {kind.bases_within[0]}/{kind.markers[0]}"
                )
            raise SourceError(
                f"{name} is missing: {because}. Looked for folders called {folders}, in{looked}",
                hint=f"Put {name} beside the tree, or give it as a source of the runtime (matrix/runtimes).",
            )
        return party

    def outside(self) -> dict[str, Path]:
        """The folders that are needed besides the TensorFlow tree, by name."""
        return {party.tree: party.folder for party in self.found.values() if not party.is_inside}

    def place(self, path: Path, party: Party | None = None) -> Place:
        """A path below the TensorFlow tree, or below a library's folder."""
        if party is None or party.is_inside:
            return Place(TENSORFLOW, path.relative_to(self.tree_folder).as_posix())
        return Place(party.tree, path.relative_to(party.folder).as_posix())


def find_parties(tree_folder: Path, given: Mapping[str, Path]) -> Parties:
    """Finds flatbuffers, gemmlowp, cmsis and ruy for the TensorFlow tree in a folder.

    A folder in `given` wins, then for CMSIS-NN one that was given for CMSIS. Otherwise they are looked for in
    the tree: where TensorFlow's makefiles leave them and put them in the projects that they make, below
    tensorflow/lite, where ports have them, and at the include root; then beside the tree. What is not found
    is no error until it is needed.

    Raises:
        SourceError: a folder that was given is not what it was given for.
    """
    tree_folder = absolute(tree_folder)
    found: dict[str, Party] = {}
    looked: dict[str, tuple[Path, ...]] = {}
    for kind in _KINDS.values():
        places = _places(kind, tree_folder, given)
        names = (*kind.folders, *(_KINDS[kind.within].folders if kind.within else ()))
        looked[kind.name] = tuple(
            dict.fromkeys(place.folder.parent for place in places if place.folder.name in names)
        )
        party = next((place for place in places if _is_there(kind, place.base)), None)
        if party is not None:
            found[kind.name] = party
        elif kind.name in given:
            folder = absolute(given[kind.name])
            expected = " or ".join(
                " and ".join(str(folder / base / name) for name in kind.markers) for base in kind.bases
            )
            raise SourceError(
                f"{folder} was given for {kind.name} and is not {kind.name}: looked for {expected}.",
                hint=f"Give the folder that an archive of {kind.name} unpacks to.",
            )
    return Parties(tree_folder, found, looked)


def _places(kind: _Kind, tree_folder: Path, given: Mapping[str, Path]) -> list[Party]:
    """Where a library may be, in the order in which it is looked for."""

    def party(folder: Path, base: str, kind_of_folder: str) -> Party:
        is_given = kind_of_folder in given and folder == absolute(given[kind_of_folder])
        tree = TENSORFLOW if not is_given and folder.is_relative_to(tree_folder) else kind_of_folder
        return Party(kind.name, folder, folder / base, tree)

    if kind.name in given:
        return [party(absolute(given[kind.name]), base, kind.name) for base in kind.bases]
    places = []
    within = _KINDS.get(kind.within)
    if within is not None and within.name in given:
        places += [party(absolute(given[within.name]), base, within.name) for base in kind.bases_within]
    kinds = [(kind, kind.bases)]
    if within is not None:
        kinds.append((within, kind.bases_within))
    for candidates in (_inside, _beside):
        for of, bases in kinds:
            places += [
                party(folder, base, of.name) for folder in candidates(of, tree_folder) for base in bases
            ]
    return places


def part_of(name: str) -> str:
    """The library that can have one as a part; empty if none can."""
    return _KINDS[name].within


def party_of_include(include: str) -> str | None:
    """Which of the libraries an include that the tree itself does not have must come from."""
    return next(
        (kind.name for kind in _KINDS.values() if include.startswith(kind.includes)),
        None,
    )


def _inside(kind: _Kind, tree_folder: Path) -> list[Path]:
    """Folders of a TensorFlow tree that may be a library's, or have it as a folder of includes does."""
    root = next(
        (root for root in (tree_folder, tree_folder / "tensorflow") if (root / SCHEMA).is_file()), tree_folder
    )
    within = [
        *(f"{micro}/tools/make/downloads" for micro in MICRO_FOLDERS if (root / micro).is_dir()),
        *(f"{micro}/tools" for micro in MICRO_FOLDERS if (root / micro).is_dir()),
        "tensorflow/lite",
        "third_party",
        ".",
    ]
    inside = [root / folder / name for folder in within for name in kind.folders]
    # ruy/profiler, fixedpoint and the like may lie at the include root itself.
    inside.append(root)
    if root != tree_folder:
        inside += [tree_folder / name for name in kind.folders]
    return list(dict.fromkeys(inside))


def _beside(kind: _Kind, tree_folder: Path) -> list[Path]:
    return [tree_folder.parent / name for name in kind.folders]


def _is_there(kind: _Kind, base: Path) -> bool:
    return any(
        markers and all((base / marker).exists() for marker in markers)
        for markers in (kind.markers, kind.other_markers)
    )
