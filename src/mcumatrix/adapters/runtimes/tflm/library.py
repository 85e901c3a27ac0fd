"""What to compile of a tree of TensorFlow Lite Micro: sources, places of includes, switches with reasons."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.third_party import (
    CMSIS,
    FLATBUFFERS,
    GEMMLOWP,
    RUY,
    Parties,
    Party,
    Place,
    party_of_include,
)
from mcumatrix.adapters.runtimes.tflm.tree import TflmTree, absolute, read_text, without_comments
from mcumatrix.errors import SourceError

REFERENCE = "reference"
CMSIS_NN = "cmsis-nn"

_LITE = "tensorflow/lite"
_SHARED = (
    f"{_LITE}/kernels/internal/quantization_util.cc",
    f"{_LITE}/kernels/kernel_util.cc",
    # Since 2.4: how the code of an operator is read.
    f"{_LITE}/schema/schema_utils.cc",
)
"""What the library needs of TensorFlow Lite besides the C API and core/api, where it exists."""

_FOR_TESTS = re.compile(r"test\.cc$|_test_|^test_helper|benchmark")
"""Names of files that are tests, or that only tests need."""

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([\"<])([^\">\n]+)[\">]", re.MULTILINE)
_CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b((?:\\\n|[^\n])*)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_DEBUG_LOG = re.compile(r"\bDebugLog\s*\([^;{}]*\)\s*\{")
_CMSIS_HEADER = re.compile(r"^(?:.*/)?CMSIS/(?:NN|DSP|Core)/Include/(.+)$")
_CALL = re.compile(r"\b(arm_[a-z0-9_]+)\s*\(")
_DEFINITION = re.compile(
    # Words of a type, a name, parameters, and a body; what comes before has ended, or it is a condition.
    r"(?:^|[;}])\s*((?:[A-Za-z_]\w*[\s*]+)+)(arm_[a-z0-9_]+)\s*\([^(){};]*(?:\([^(){};]*\)[^(){};]*)*\)\s*\{"
)
_NO_TYPES = frozenset({"static", "else", "return", "do", "case", "goto"})
_UNFIT_FOR_A_LIST = re.compile(r"[;\[\]\\\x00-\x1f\x7f]")

_SPARE_BASES = {FLATBUFFERS: "flatbuffers", GEMMLOWP: "fixedpoint"}
"""Where includes begin as well in trees whose includes were shortened."""

_STATIC_MEMORY = "TF_LITE_STATIC_MEMORY"
_SWITCHES_WHERE_LOOKED_AT = {
    "GEMMLOWP_ALLOW_SLOW_SCALAR_FALLBACK": "lets portable code stand in where there is no NEON",
    "TFLITE_MCU": "says that this is a microcontroller",
}
_CMSIS_SWITCHES_OF_KERNELS = ("ARM_MATH_DSP", "ARM_MATH_LOOPUNROLL")
"""What a Cortex-M7 has or wants of that which kernels look at. GCC defines __ARM_FEATURE_DSP by itself."""
_CMSIS_NN_SWITCH = "CMSIS_NN"
_CORE_SWITCH = "ARM_MATH_CM7"
_CORE_HEADER = "core_cm7.h"
_START_SWITCH = "__PROGRAM_START"

_FORWARD = "${CMAKE_CURRENT_BINARY_DIR}/tflm_forward"


@dataclass(frozen=True, slots=True)
class Definition:
    """A switch of the preprocessor, `NAME` or `NAME=VALUE`, and why it is set."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Library:
    """What a library of TensorFlow Lite Micro is compiled from, in an order that only names decide.

    `sources` are TensorFlow's, those in `kernel_sources` among them: kernels that call CMSIS-NN.
    `traced_functions` are functions of CMSIS that these kernels call, none of them a macro or inline.
    `forwards` are includes that name folders as TensorFlow's makefiles lay them out, each with the header
    that it stands for. `foreign_includes` say what neither the tree nor a library has: whoever changed the
    tree must give it, unless a condition leaves it out.
    """

    generation: str
    micro: str
    sources: tuple[Place, ...]
    kernel_sources: tuple[Place, ...]
    cmsis_sources: tuple[Place, ...]
    include_directories: tuple[Place, ...]
    definitions: tuple[Definition, ...]
    traced_functions: tuple[str, ...]
    forwards: tuple[tuple[str, str], ...]
    foreign_includes: tuple[str, ...]


def list_library(tree: TflmTree, kernels: str, parties: Parties) -> Library:
    """Lists what to compile of a tree with one set of kernels, `reference` or `cmsis-nn`.

    Raises:
        SourceError: the tree has no such kernels, or a part of it or a library that it includes is missing.
    """
    files, kernel_files = _list_files(tree, kernels)
    cmsis = None
    if kernel_files:
        cmsis = _read_cmsis(tree, parties.need(CMSIS, _call_of_kernels(tree)), kernel_files)
    reading = _Reading(tree, parties, cmsis.include_directories if cmsis else ())
    reading.read([*files, *(cmsis.sources if cmsis else ())], _optional(tree, files))
    files = tuple(path for path in files if path in reading.files)
    for name, (includer, include) in reading.missing.items():
        parties.need(name, f"{reading.name_of(includer)} includes {include}")
        if name == CMSIS:
            raise SourceError(
                f"{parties.found[name].folder} is not all of CMSIS: {reading.name_of(includer)} includes"
                f" {include}, and it is not there.",
                hint="CMSIS's folders NN, DSP and Core (or Include) are needed.",
            )
    cmsis_party = parties.found.get(CMSIS)
    return Library(
        generation=tree.generation,
        micro=tree.micro,
        sources=tuple(parties.place(path) for path in files),
        kernel_sources=tuple(parties.place(path) for path in kernel_files),
        cmsis_sources=tuple(parties.place(path, cmsis_party) for path in (cmsis.sources if cmsis else ())),
        include_directories=tuple(parties.place(path, party) for path, party in reading.directories()),
        definitions=tuple(_definitions(tree, reading, kernel_files)),
        traced_functions=cmsis.traced_functions if cmsis else (),
        forwards=tuple(sorted(reading.forwards.items())),
        foreign_includes=tuple(reading.foreign),
    )


def missing_parties(tree: TflmTree, kernels: str, parties: Parties) -> dict[str, str]:
    """The libraries that these kernels need and that are not among `parties`, each with why as a clause.

    Raises:
        SourceError: the tree has no such kernels.
    """
    files, kernel_files = _list_files(tree, kernels)
    reading = _Reading(tree, parties, ())
    reading.read(files, _optional(tree, files))
    missing = {
        name: f"{reading.name_of(includer)} includes {include}"
        for name, (includer, include) in reading.missing.items()
        if name != CMSIS
    }
    if kernel_files and CMSIS not in parties.found:
        missing[CMSIS] = _call_of_kernels(tree)
    return dict(sorted(missing.items()))


def to_cmake(library: Library) -> bytes:
    """The list as a file for firmware/runtime/tflm/CMakeLists.txt, which says what each variable is.

    Raises:
        SourceError: a name has characters that no list of CMake can hold.
    """
    directories = [_cmake_path(place) for place in library.include_directories]
    lines = ["# Made by mcumatrix from what the TensorFlow tree has."]
    lines += [f"# Neither in the tree nor in a library: {sentence}" for sentence in library.foreign_includes]
    for include, header in library.forwards:
        target = _quoted(f"{_FORWARD}/", include)
        lines.append(f'file(CONFIGURE OUTPUT {target} CONTENT "#include <{_escaped(header)}>\\n" @ONLY)')
    if library.forwards:
        directories.insert(0, _quoted(_FORWARD, ""))
    lines += [
        f"set(tflm_generation {library.generation})",
        f"set(tflm_micro {_quoted('', library.micro)})",
        *_cmake_list("tflm_sources", map(_cmake_path, library.sources)),
        *_cmake_list("tflm_kernel_sources", map(_cmake_path, library.kernel_sources)),
        *_cmake_list("tflm_cmsis_sources", map(_cmake_path, library.cmsis_sources)),
        *_cmake_list("tflm_include_directories", directories),
        *_cmake_list(
            "tflm_definitions",
            (
                line
                for definition in library.definitions
                for line in (f"# {_one_line(definition.reason)}", _quoted("", definition.text))
            ),
        ),
        *_cmake_list("tflm_traced_functions", library.traced_functions),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


# ---- What to compile ----


def _list_files(tree: TflmTree, kernels: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """TensorFlow's sources, and those of them that call CMSIS-NN."""
    if kernels not in (REFERENCE, CMSIS_NN):
        raise SourceError(
            f'TensorFlow Lite Micro has no kernels "{kernels}".', hint=f"There are: {REFERENCE}, {CMSIS_NN}."
        )
    if kernels == CMSIS_NN and not tree.cmsis_nn_kernels:
        raise SourceError(
            f"The tree in {tree.root} has no kernels that call CMSIS-NN: looked for"
            f" {tree.micro}/kernels/cmsis-nn/*.cc and {tree.micro}/kernels/cmsis_nn/*.cc.",
            hint=f"Build it with the kernels {REFERENCE}.",
        )
    makefile = _makefile(tree)
    lite = [tree.c_api, *_names_below(tree, f"{_LITE}/core/api")]
    lite += [name for name in _SHARED if (tree.root / name).is_file()]
    # Releases differ in what else they need: their own list is the authority.
    lite += [name for name in _assigned(tree, makefile, "MICROLITE_CC_BASE_SRCS") if name not in lite]
    micro = [*_names_below(tree, tree.micro), *_names_below(tree, f"{tree.micro}/memory_planner")]
    ours = _assigned(tree, makefile, "MICROLITE_CC_KERNEL_SRCS") or _names_below(
        tree, f"{tree.micro}/kernels"
    )
    if not ours:
        raise SourceError(
            f"The tree in {tree.root} has no kernels: looked for {tree.micro}/kernels/*.cc.",
            hint="What was unpacked may leave them out.",
        )
    optimised = {}
    if kernels == CMSIS_NN:
        folder = f"{tree.micro}/{tree.cmsis_nn_folder}"
        optimised = {
            name: f"{folder}/{name}" for name in tree.cmsis_nn_kernels if not _FOR_TESTS.search(name)
        }
    names = [*lite, *micro]
    names += [optimised.get(name.rpartition("/")[2], name) for name in ours]
    # What has no namesake is what these kernels share.
    names += optimised.values()
    files = (tree.root / name for name in dict.fromkeys(names))
    return (
        tuple(path for path in files if not _is_debug_log(path)),
        tuple(tree.root / name for name in sorted(optimised.values())),
    )


def _call_of_kernels(tree: TflmTree) -> str:
    return f"the kernels in {tree.micro}/{tree.cmsis_nn_folder} call it"


def _names_below(tree: TflmTree, folder: str) -> list[str]:
    """C++ files of a folder that are no tests, by their names below the root."""
    return sorted(
        f"{folder}/{path.name}"
        for path in (tree.root / folder).glob("*.cc")
        if path.is_file() and not _FOR_TESTS.search(path.name)
    )


def _makefile(tree: TflmTree) -> str:
    path = tree.micro_folder / "tools" / "make" / "Makefile"
    return read_text(path) if path.is_file() else ""


def _optional(tree: TflmTree, files: Iterable[Path]) -> dict[Path, Path]:
    """Sources that are only needed if their header is included by another one, by this header.

    Trees have code for examples and tests beside the interpreter, and leftovers that do not compile: the
    seed's tree of 1.14.0 has a micro_allocator.cc of another version.
    """
    kernels = tree.micro_folder / "kernels"
    return {
        path.with_suffix(".h"): path
        for path in files
        if path.is_relative_to(tree.micro_folder)
        and not path.is_relative_to(kernels)
        and path.stem not in ("micro_interpreter", "all_ops_resolver")
        and path.with_suffix(".h").is_file()
    }


def _assigned(tree: TflmTree, makefile: str, variable: str) -> list[str]:
    """The files that a makefile names one by one in a variable, those that exist."""
    match = re.search(rf"^[ \t]*{variable}[ \t]*[:?+]?=((?:[^\n]*\\\n)*[^\n]*)", makefile, re.MULTILINE)
    names = re.findall(r"(?<![\w./-])tensorflow/[\w./-]+\.cc?(?![\w./-])", match[1]) if match else []
    return sorted(
        name
        for name in dict.fromkeys(names)
        if (tree.root / name).is_file() and not _FOR_TESTS.search(name.rpartition("/")[2])
    )


def _is_debug_log(path: Path) -> bool:
    """Whether a file defines DebugLog: our adapter does, and the seed's waits for a debugger."""
    return "debug_log" in path.name and _DEBUG_LOG.search(without_comments(read_text(path))) is not None


# ---- What sources include, and what they look at ----


@dataclass(slots=True)
class _Reading:
    """Follows the includes of sources, whether a condition is met or not, as a compiler would look for them.

    `files` are those that were read. `conditions` are the names that conditions of the preprocessor look at,
    each with a file that does. `missing` are libraries that were not found, each with who includes what.
    """

    tree: TflmTree
    parties: Parties
    cmsis_directories: Sequence[Path]
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
        cmsis = self.parties.found.get(CMSIS)
        self._active = {self.tree.root: None, **dict.fromkeys(self.cmsis_directories, cmsis)}
        # A directory that turns out to be needed can change what is found first.
        while self._order != (order := [path for path, _ in self.directories()]):
            self._order = order
            for notes in (self.conditions, self.missing, self.forwards, self.foreign):
                notes.clear()
            self.files = dict.fromkeys(files)
            self._follow(optional)

    def directories(self) -> list[tuple[Path, Party | None]]:
        """Where includes begin, in the order in which they are looked for."""
        ranks = [None, FLATBUFFERS, GEMMLOWP, RUY, CMSIS]
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
            for mark, include in _INCLUDE.findall(code):
                found = self._find(include, path, is_quoted=mark == '"')
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
            for directory in self.cmsis_directories:
                if (found := self._own_file(directory / match[1])) is not None:
                    self.forwards[include] = match[1]
                    return found
        name = party_of_include(include)
        is_trees_own = includer.is_relative_to(self.tree.folder) and self._owner(includer) is None
        if name is not None and (name == CMSIS or (is_trees_own and name not in self.parties.found)):
            self.missing.setdefault(name, (includer, include))
        elif is_quoted and is_trees_own:
            self.foreign[f"{self.name_of(includer)} includes {include}"] = None
        return None

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
            if name == CMSIS:
                continue
            spare = _SPARE_BASES.get(name)
            for base in (party.base, *([party.base / spare] if spare else [])):
                if (found := self._own_file(base / include)) is not None:
                    self._active[base] = party
                    return found
        return None

    def _in_flat_tree(self, include: str, includer: Path) -> Path | None:
        """A file of the tree whose name ends so, for trees whose includes somebody shortened."""
        if not self._is_flat() or ".." in Path(include).parts:
            return None
        if self._by_name is None:
            self._by_name = {}
            for path in sorted((self.tree.root / _LITE).rglob("*.h")):
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
        return not any(name.startswith(f"{_LITE}/") for _, name in _INCLUDE.findall(self._codes[header]))

    def value_of(self, name: str) -> str | None:
        """What a header that is included defines a name as; None if none does."""
        pattern = re.compile(rf"^[ \t]*#[ \t]*define[ \t]+{name}\b[ \t]*([^\n]*)", re.MULTILINE)
        return next(
            (match[1].strip() for code in self._codes.values() if (match := pattern.search(code))), None
        )


# ---- Switches ----


def _definitions(tree: TflmTree, reading: _Reading, kernel_files: Sequence[Path]) -> list[Definition]:
    definitions = []
    if (path := reading.conditions.get(_STATIC_MEMORY)) is not None:
        makefile = _makefile(tree)
        if re.search(rf"-D{_STATIC_MEMORY}\b", makefile):
            definitions.append(
                Definition(_STATIC_MEMORY, "The tree's own makefile sets it: nothing is allocated.")
            )
        elif not makefile:
            reason = f"{reading.name_of(path)} looks at it: nothing is allocated."
            definitions.append(Definition(_STATIC_MEMORY, reason))
    for name, purpose in _SWITCHES_WHERE_LOOKED_AT.items():
        if (path := reading.conditions.get(name)) is not None:
            definitions.append(Definition(name, f"{reading.name_of(path)} looks at it: {purpose}."))
    if kernel_files:
        definitions += _cmsis_definitions(reading, kernel_files)
    return definitions


def _cmsis_definitions(reading: _Reading, kernel_files: Sequence[Path]) -> list[Definition]:
    definitions = []
    if (path := reading.conditions.get(_CMSIS_NN_SWITCH)) is not None:
        reason = f"{reading.name_of(path)} looks at it: these kernels are compiled."
        definitions.append(Definition(_CMSIS_NN_SWITCH, reason))
    looked_at = _conditions_of(kernel_files)
    for name in _CMSIS_SWITCHES_OF_KERNELS:
        if (path := looked_at.get(name)) is not None:
            value = reading.value_of(name)
            # As the header has it, which then does not complain.
            text = name if value is None else f"{name}={value}"
            reason = f"{reading.name_of(path)} calls CMSIS-NN only with it."
            definitions.append(Definition(text, reason))
    if (path := reading.conditions.get(_CORE_SWITCH)) is not None:
        definitions.append(Definition(_CORE_SWITCH, f"{path.name} must be told the core."))
        if any(file.name == _CORE_HEADER for file in reading.files):
            reason = f"{_CORE_HEADER} must be told that there is a floating point unit."
            definitions.append(Definition("__FPU_PRESENT=1", reason))
    if _START_SWITCH in reading.conditions:
        reason = "CMSIS would define how a program starts otherwise, and in 5.6.0 this is no C++."
        definitions.append(Definition(f"{_START_SWITCH}=Reset_Handler", reason))
    return definitions


def _conditions_of(files: Iterable[Path]) -> dict[str, Path]:
    looked_at: dict[str, Path] = {}
    for path in files:
        for name in _names_in_conditions(without_comments(read_text(path))):
            looked_at.setdefault(name, path)
    return looked_at


def _names_in_conditions(code: str) -> Iterator[str]:
    """What the preprocessor's conditions of a file look at, in their order; `code` is without comments."""
    for condition in _CONDITION.findall(code):
        yield from re.findall(r"\b[A-Za-z_]\w*", condition)


# ---- CMSIS ----


@dataclass(frozen=True, slots=True)
class _Cmsis:
    """What is needed of CMSIS for some kernels."""

    include_directories: tuple[Path, ...]
    sources: tuple[Path, ...]
    traced_functions: tuple[str, ...]


def _read_cmsis(tree: TflmTree, party: Party, kernel_files: Iterable[Path]) -> _Cmsis:
    core = next(
        (party.base / name for name in ("Core/Include", "Include") if (party.base / name).is_dir()), None
    )
    if core is None:
        raise SourceError(
            f"{party.folder} is not all of CMSIS: looked for its core headers in"
            f" {party.base / 'Core/Include'} and {party.base / 'Include'}.",
            hint="CMSIS's folders NN, DSP and Core (or Include) are needed.",
        )
    directories = [party.base / "NN/Include", party.base / "DSP/Include", core]
    sources = sorted((party.base / "NN/Source").rglob("*.c"))
    codes = {path: _code_without_directives(path) for path in sources}
    where = _where_defined(codes)
    called = {name: path for path in kernel_files for name in _CALL.findall(_code_without_directives(path))}
    _check_age(tree, party, {name: path for name, path in called.items() if name not in where}, directories)
    traced = tuple(sorted(called.keys() & where.keys()))
    of_dsp = _needed_of_dsp(party, codes, where, traced)
    if of_dsp:
        directories.append(party.base / "DSP/PrivateInclude")
    return _Cmsis(
        include_directories=tuple(path for path in directories if path.is_dir()),
        sources=(*sources, *of_dsp),
        traced_functions=traced,
    )


def _check_age(tree: TflmTree, party: Party, called: Mapping[str, Path], directories: Iterable[Path]) -> None:
    """That what kernels call, and no source defines, is at least in a header: inline, or a macro, or of DSP.

    CMSIS-NN of 2018 has none of the functions that kernels of 2019 call.
    """
    headers = " ".join(
        without_comments(read_text(path)) for folder in directories for path in sorted(folder.rglob("*.h"))
    )
    known = set(re.findall(r"\barm_[a-z0-9_]+", headers))
    for name, path in sorted(called.items()):
        if name not in known:
            pin = tree.pins.get(CMSIS)
            raise SourceError(
                f"The CMSIS in {party.folder} is not the one that the tree was written for:"
                f" {path.relative_to(tree.root).as_posix()} calls {name}, and it is not there.",
                hint=f"The tree itself asks for {pin.url} (md5:{pin.md5})."
                if pin is not None
                else "Take a CMSIS of the tree's age: 5.6.0 is of July 2019, 5.7.0 of April 2020.",
            )


def _needed_of_dsp(
    party: Party, codes: Mapping[Path, str], where: Mapping[str, Path], functions: Iterable[str]
) -> tuple[Path, ...]:
    """Sources of CMSIS-DSP that functions of CMSIS-NN call, directly or not."""
    wanted = _reached(codes, where, functions)
    if not wanted:
        return ()
    dsp_codes = {
        path: _code_without_directives(path) for path in sorted((party.base / "DSP/Source").rglob("*.c"))
    }
    dsp_where = _where_defined(dsp_codes)
    needed: set[Path] = set()
    queue = [name for name in sorted(wanted) if name in dsp_where]
    for name in queue:
        path = dsp_where[name]
        if path not in needed:
            needed.add(path)
            queue += [called for called in _CALL.findall(dsp_codes[path]) if called in dsp_where]
    return tuple(sorted(needed))


def _reached(codes: Mapping[Path, str], where: Mapping[str, Path], functions: Iterable[str]) -> set[str]:
    """What files that define functions call of others, and so on, that none of the files defines."""
    seen: set[Path] = set()
    outside: set[str] = set()
    queue = list(functions)
    for name in queue:
        path = where.get(name)
        if path is None:
            outside.add(name)
        elif path not in seen:
            seen.add(path)
            queue += _CALL.findall(codes[path])
    return outside


def _where_defined(codes: Mapping[Path, str]) -> dict[str, Path]:
    """Functions that others can call, each with the file that defines it."""
    where: dict[str, Path] = {}
    for path, code in codes.items():
        for words, name in _DEFINITION.findall(code):
            if not _NO_TYPES & set(words.replace("*", " ").split()):
                where.setdefault(name, path)
    return where


def _code_without_directives(path: Path) -> str:
    # What is left of a directive ends what is before it.
    return _DIRECTIVE.sub(";", without_comments(read_text(path)))


# ---- CMake ----


def _cmake_list(name: str, items: Iterable[str]) -> list[str]:
    lines = [f"  {item}" for item in items]
    return [f"set({name}", *lines, ")"] if lines else [f"set({name})"]


def _cmake_path(place: Place) -> str:
    variable = f"${{MCUMATRIX_TREE_{place.tree.upper()}}}"
    return _quoted(variable if place.path in ("", ".") else f"{variable}/", place.path.removeprefix("."))


def _quoted(prefix: str, text: str) -> str:
    return f'"{prefix}{_escaped(text)}"'


def _escaped(text: str) -> str:
    """For a quoted argument.

    Raises:
        SourceError: as an element of a list it would fall apart.
    """
    if _UNFIT_FOR_A_LIST.search(text):
        raise SourceError(
            f"The name {text!r} has a character that a list of CMake cannot hold: one of ; [ ] \\ or an"
            " invisible one.",
            hint="Rename the file or folder.",
        )
    return re.sub(r'(["$@#])', r"\\\1", text)


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "?", text)
