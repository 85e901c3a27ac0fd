"""TensorFlow Lite Micro as a Runtime of ports.py: compiled from a released tree, or from one's own."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.cmake_list import to_cmake, to_operators, tree_variable
from mcumatrix.adapters.runtimes.tflm.hybrid import operators_refusing_hybrid
from mcumatrix.adapters.runtimes.tflm.library import REFERENCE, list_library
from mcumatrix.adapters.runtimes.tflm.operators import registrable_operators, symbol_of
from mcumatrix.adapters.runtimes.tflm.third_party import (
    CMSIS,
    CMSIS_NN,
    FLATBUFFERS,
    GEMMLOWP,
    RUY,
    TENSORFLOW,
    find_parties,
)
from mcumatrix.adapters.runtimes.tflm.tree import pins_differ, read_tree
from mcumatrix.errors import RenderError, SourceError
from mcumatrix.hashing import fingerprint, hash_file, hash_tree
from mcumatrix.model.catalogue import Element, Runtime, Source
from mcumatrix.model.kernels import DECIDING, KERNELS_FILE, KernelFacts
from mcumatrix.model.network import Network, is_custom
from mcumatrix.templating import render_source

TEMPLATE = "tflm_model.c.j2"

ARENA_BYTES = 200 * 1024
"""Room for tensors, in SRAM1. How much of it a model needs is measured on the board."""

_VARIABLES_BYTES, _VARIABLE_BYTES = 1024, 32
"""Room for the list of variables: what every allocator takes, and each variable. Their values are in the
arena."""

_LIST = "tflm.cmake"
_OPERATORS = "tflm_operators.inc"
_PARTS = {
    TENSORFLOW: ("tensorflow/lite",),
    FLATBUFFERS: ("include",),
    GEMMLOWP: ("fixedpoint", "internal", "profiling", "public"),
    CMSIS: ("CMSIS/Core", "CMSIS/DSP", "CMSIS/NN"),
    CMSIS_NN: ("Include", "Source"),
    RUY: ("ruy",),
}
"""What is unpacked of each archive; of a commit it is all."""

_CORE_OF_CMSIS = ("CMSIS/Core",)
"""What is unpacked of CMSIS where CMSIS-NN is another archive."""

_CODE = frozenset({".c", ".cc", ".cpp", ".h", ".hpp", ".inc", ".S", ".s"})
_BYTES_IN_LINE = 26
_OF_FLOATS = re.compile(r"_(?:f16|f32)(?:_|$)")
"""In the name of a function of CMSIS-NN for floats, such as arm_convolve_f32."""

ObtainSource = Callable[[Source, tuple[str, ...]], Path]
"""The folder with the named parts of a pinned archive, or with a commit. Raises SourceError."""

Patched = Callable[[str, Path, str, Sequence[Path]], Path]
"""A copy of a source's folder with patches: its name, the folder, what stands for its contents, the patches.
Raises SourceError."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an image must have for a model: kernels of `operators`, named as layers name them, in any order
    and as often as they are there; room for `variables`; and if it `keeps_state`, a start before each
    inference."""

    operators: Sequence[str]
    variables: int = 0
    keeps_state: bool = False


NeedsOf = Callable[[bytes], Needs]
"""What a model file needs. Raises ModelError."""


class TflmRuntime:
    """One version of the library, by its catalogue entry.

    A folder that the entry has in place of an archive, or that the variable MCUMATRIX_SOURCE_<RUNTIME> names
    (MCUMATRIX_SOURCE_TFLM_2_1_0), is taken as it is, with the libraries that lie in it and beside it, and its
    contents are part of the identity. Libraries that are not there come from the entry.
    """

    def __init__(
        self,
        entry: Runtime,
        firmware: Path,
        templates: Path,
        obtain: ObtainSource,
        environment: Mapping[str, str],
        *,
        needs_of: NeedsOf,
        patched: Patched,
        say: Callable[[str], None],
    ) -> None:
        """`say` gets a line where the catalogue pins another library than the tree itself asks for."""
        self._firmware = firmware
        self._templates = templates
        self._obtain = obtain
        self._say = say
        self._needs_of = needs_of
        self._patched = patched
        self._entry = entry
        self._own = _own_folders(entry, environment)
        self._pinned = {source.name: source for source in entry.sources if source.name not in self._own}
        self._hashes: dict[Path, str] = {}

    def sources(self) -> tuple[Path, ...]:
        return (self._firmware / "runtime" / "tflm",)

    def trees(self, kernels: str) -> dict[str, str]:
        trees = self._without_patches(kernels)
        if self._entry.patches:
            patches = [hash_patch(path) for path in self._entry.patches]
            trees[TENSORFLOW] = fingerprint("patched", {"tree": trees[TENSORFLOW], "patches": patches})
        return trees

    def _without_patches(self, kernels: str) -> dict[str, str]:
        """What stands for the contents of each folder, without patches."""
        return {name: self._hash(folder) for name, folder in self._given.items()} | {
            name: source.checksum for name, source in self._fetchable(kernels)
        }

    def folders(self, kernels: str) -> dict[str, Path]:
        fetched: dict[str, Path] = {}
        errors: list[SourceError] = []
        for name, source in self._fetchable(kernels):
            try:
                fetched[name] = self._obtain(source, self._parts_of(name))
            except SourceError as error:
                errors.append(error)
        if len(errors) > 1:
            # Who has no network wants to know of all of them at once.
            raise SourceError(
                f"{len(errors)} sources cannot be had:\n" + "\n".join(f"  {error}" for error in errors)
            )
        if errors:
            raise errors[0]
        folders = self._given | fetched
        if self._entry.patches:
            folders[TENSORFLOW] = self._patched(
                TENSORFLOW,
                folders[TENSORFLOW],
                self._without_patches(kernels)[TENSORFLOW],
                self._entry.patches,
            )
        return folders

    def definitions(self, kernels: str, element: Element) -> dict[str, str]:  # noqa: ARG002 - it runs them all
        names = [*self._given, *(name for name, _ in self._fetchable(kernels))]
        operators = self._entry.operators
        return {
            "MCUMATRIX_KERNELS": kernels,
            "MCUMATRIX_TFLM_LIST": f"{{inputs}}/{_LIST}",
            "MCUMATRIX_TFLM_OPERATORS": f"{{inputs}}/{_OPERATORS}",
            "MCUMATRIX_ASSERTIONS": "ON" if self._entry.assertions else "OFF",
            "MCUMATRIX_OPERATORS": "all" if operators is None else " ".join(map(symbol_of, operators)),
            **{tree_variable(name): f"{{tree_{name}}}" for name in names},
        }

    def library_inputs(self, kernels: str, folders: Mapping[str, Path]) -> dict[str, bytes]:
        found = read_tree(folders[TENSORFLOW])
        for difference in pins_differ(found, [source for _, source in self._fetchable(kernels)]):
            self._say(difference)
        given = {name: path for name, path in folders.items() if name != TENSORFLOW}
        parties = find_parties(folders[TENSORFLOW], given)
        library = list_library(
            found, kernels, parties, self._entry.operators, assertions=self._entry.assertions
        )
        for foreign in library.foreign_includes:
            self._say(f"{self._entry.name}: {foreign}, which neither the tree nor a library has.")
        return {
            _LIST: to_cmake(library),
            _OPERATORS: to_operators(library),
            KERNELS_FILE: KernelFacts(
                operators_refusing_hybrid(found, kernels),
                frozenset(operator.name for operator in library.operators),
                tuple(definition.text for definition in library.definitions),
                any(map(_OF_FLOATS.search, library.traced_functions)) if kernels == CMSIS_NN else None,
                tuple(sorted(library.unset & DECIDING)),
            ).to_json(),
        }

    def render(self, model: bytes, network: Callable[[], Network]) -> dict[str, bytes]:  # noqa: ARG002
        needs = self._needs_of(model)
        self._require_custom(sorted(set(filter(is_custom, needs.operators))))
        return render_tflm(model, needs, self._templates)

    def _require_custom(self, operators: Sequence[str]) -> None:
        """That the tree has kernels of custom operators: nobody else can know.

        Raises:
            RenderError: it has none of one.
        """
        if not operators:
            return
        try:
            known = registrable_operators(read_tree(self.folders(REFERENCE)[TENSORFLOW]))
        except SourceError:
            return  # the library cannot be made without it, and says so
        lacking = [operator for operator in operators if operator not in known]
        if lacking:
            there = ", ".join(sorted(filter(is_custom, known))) or "none"
            raise RenderError(
                f"The model needs {' and '.join(lacking)}; {self._entry.name} has no kernel of that.",
                hint=f"Its tree's MicroMutableOpResolver adds {there}. A patch of the tree can add others.",
            )

    @cached_property
    def _given(self) -> dict[str, Path]:
        """Folders that are there already, by name."""
        if TENSORFLOW not in self._own:
            return dict(self._own)
        folder = self._own[TENSORFLOW]
        read_tree(folder)
        others = {name: path for name, path in self._own.items() if name != TENSORFLOW}
        return {TENSORFLOW: folder, **find_parties(folder, others).outside()}

    def _fetchable(self, kernels: str) -> Iterator[tuple[str, Source]]:
        """What is to be fetched: what was not found, and is needed for these kernels."""
        for name, source in self._pinned.items():
            is_there = name in self._given or name in self._inside
            if not is_there and (name not in (CMSIS, CMSIS_NN) or kernels == CMSIS_NN):
                yield name, source

    def _parts_of(self, name: str) -> tuple[str, ...]:
        return _CORE_OF_CMSIS if name == CMSIS and CMSIS_NN in self._pinned else _PARTS[name]

    @cached_property
    def _inside(self) -> frozenset[str]:
        """Libraries that a folder of one's own has within it."""
        if TENSORFLOW not in self._given:
            return frozenset()
        found = find_parties(self._given[TENSORFLOW], {}).found.values()
        return frozenset(party.name for party in found if party.is_inside)

    def _hash(self, folder: Path) -> str:
        if folder not in self._hashes:
            self._hashes[folder] = _contents(folder)
        return self._hashes[folder]


def render_tflm(model: bytes, needs: Needs, templates: Path) -> dict[str, bytes]:
    """Renders file name -> contents: `model.c`, to be compiled with the target tflm_runtime.

    `templates` is the folder that holds tflm_model.c.j2. `model` is taken as it is: what it means is the
    library's business.
    """
    lines = (model[start : start + _BYTES_IN_LINE] for start in range(0, len(model), _BYTES_IN_LINE))
    text = render_source(
        templates,
        TEMPLATE,
        trims=True,
        bytes="\n".join("    " + "".join(f"{byte}," for byte in line) for line in lines),
        size_bytes=len(model),
        arena_bytes=ARENA_BYTES,
        operators=sorted(set(map(symbol_of, needs.operators))),
        variables=needs.variables,
        variables_bytes=_VARIABLES_BYTES + needs.variables * _VARIABLE_BYTES if needs.variables else 0,
        keeps_state=int(needs.keeps_state),
    )
    return {"model.c": text}


def source_variable(runtime: str) -> str:
    """The environment variable that names a folder to be used in place of a runtime's own tree."""
    return "MCUMATRIX_SOURCE_" + re.sub(r"[^A-Z0-9]", "_", runtime.upper())


def _own_folders(entry: Runtime, environment: Mapping[str, str]) -> dict[str, Path]:
    own = {source.name: source.path for source in entry.sources if source.path is not None}
    variable = source_variable(entry.name)
    if named := environment.get(variable, ""):
        own[TENSORFLOW] = Path(named).absolute()
    names = [source.name for source in entry.sources]
    if TENSORFLOW not in names or not set(names) <= set(_PARTS):
        others = ", ".join(name for name in _PARTS if name != TENSORFLOW)
        raise SourceError(
            f"The runtime {entry.name} has the sources {', '.join(names) or 'none'}.",
            hint=f"It needs {TENSORFLOW}, and may have {others}.",
        )
    for name, folder in own.items():
        if not folder.is_dir():
            raise SourceError(
                f"{folder}, the folder of {name} for the runtime {entry.name}, is not there.",
                hint=f"Put it there, or say where it is: {variable}=/path/to/tensorflow doit matrix"
                if name == TENSORFLOW
                else f"Change its path in matrix/runtimes/{entry.name}.yaml.",
            )
    return own


def hash_patch(path: Path) -> str:
    """Raises:
    SourceError: the patch cannot be read.
    """
    try:
        return hash_file(path)
    except OSError as error:
        raise SourceError(
            f"The patch {path} cannot be read: {error.strerror}.",
            hint="Paths of patches begin at the project's folder.",
        ) from error


def _contents(folder: Path) -> str:
    """A fingerprint of the code in a folder."""
    files = [path for path in folder.rglob("*") if path.suffix in _CODE and path.is_file()]
    return fingerprint("tree", {"files": hash_tree(folder, files)})
