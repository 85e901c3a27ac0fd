"""What to compile of a tree of TensorFlow Lite Micro: sources, places of includes, switches with reasons."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm import switches
from mcumatrix.adapters.runtimes.tflm.cmsis import read_cmsis
from mcumatrix.adapters.runtimes.tflm.functions import read_functions
from mcumatrix.adapters.runtimes.tflm.kernel_files import KernelFiles
from mcumatrix.adapters.runtimes.tflm.operators import Registrable, all_ops_resolver, registrable_operators
from mcumatrix.adapters.runtimes.tflm.reading import Reading
from mcumatrix.adapters.runtimes.tflm.switches import Definition
from mcumatrix.adapters.runtimes.tflm.third_party import CMSIS, CMSIS_NN, Parties, Place
from mcumatrix.adapters.runtimes.tflm.tree import (
    CXX_SUFFIXES,
    LITE,
    RECORDER,
    TflmTree,
    cxx_files,
    read_makefile,
    read_text,
    without_comments,
)
from mcumatrix.errors import SourceError

REFERENCE = "reference"

_SHARED = (
    f"{LITE}/kernels/internal/quantization_util",
    f"{LITE}/kernels/kernel_util",
    # As Edge Impulse calls it, since micro has a file of that name.
    f"{LITE}/kernels/kernel_util_lite",
    # Since 2.4: how the code of an operator is read.
    f"{LITE}/schema/schema_utils",
)
"""What the library needs of TensorFlow Lite besides the C API and core/api, where it exists."""

_OF_MICRO = ("", "/memory_planner", "/arena_allocator", "/tflite_bridge")
"""Folders with sources of the interpreter, below the micro folder."""

_SIGNAL = "signal"
"""The folder with kernels of a signal's spectrum and what they need, since 2023."""

_INTERPRETER = "micro_interpreter"

_NOT_OF_LITE = re.compile(r"/(?:micro|experimental|python|tools|testing|examples|benchmarks?|delegates)/")
"""Folders below tensorflow with sources that are not TensorFlow Lite's own."""

_FOR_TESTS = re.compile(r"test\.c\w*$|_test_|^test_helper|^mock_|^fake_|benchmark")
"""Names of files that are tests, or that only tests need."""

_OF_A_BOARD = {
    "debug_log": re.compile(r"\bDebugLog\s*\([^;{}]*\)\s*\{"),
    "micro_time": re.compile(r"\b(?:ticks_per_second|GetCurrentTimeTicks)\s*\(\s*\)\s*\{"),
}
"""What every port of the library brings for its board, and our adapter for ours: a part of a file's name,
and what such a file defines."""


@dataclass(frozen=True, slots=True)
class Library:
    """What a library of TensorFlow Lite Micro is compiled from, in an order that only names decide.

    `sources` are TensorFlow's, those in `kernel_sources` among them: kernels that call CMSIS-NN. `operators`
    are those that it can register. `generation`, `registration`, `log_takes_arguments` and `has_recorder` are
    the tree's.
    `traced_functions` are functions of CMSIS that these kernels call, none of them a macro or inline.
    `forwards` are includes that name folders as TensorFlow's makefiles lay them out, each with the header
    that it stands for. `foreign_includes` say what neither the tree nor a library has: whoever changed the
    tree must give it, unless a condition leaves it out.
    `unset` are the switches that its sources look at and that it is compiled without.
    """

    generation: str
    registration: str
    log_takes_arguments: bool
    has_recorder: bool
    micro: str
    operators: tuple[Registrable, ...]
    sources: tuple[Place, ...]
    kernel_sources: tuple[Place, ...]
    cmsis_sources: tuple[Place, ...]
    include_directories: tuple[Place, ...]
    definitions: tuple[Definition, ...]
    traced_functions: tuple[str, ...]
    forwards: tuple[tuple[str, str], ...]
    foreign_includes: tuple[str, ...]
    unset: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Files:
    """Sources of a library: all of TensorFlow's, and of these the kernels that call CMSIS-NN.

    `roots` are headers that our adapter includes. `optional` are sources that are only needed if another one
    includes the header that is their key.
    """

    sources: tuple[Path, ...]
    calling_cmsis: tuple[Path, ...]
    operators: tuple[Registrable, ...]
    roots: tuple[Path, ...]
    optional: Mapping[Path, Path]


def list_library(
    tree: TflmTree,
    kernels: str,
    parties: Parties,
    operators: Sequence[str] | None = None,
    *,
    assertions: bool = False,
) -> Library:
    """Lists what to compile of a tree with one set of kernels, `reference` or `cmsis-nn`.

    `operators` are the names of those that are needed; what the tree lacks of them is left out. Without them
    it is all that the tree has. With `assertions` it is compiled with them.

    Raises:
        SourceError: the tree has no such kernels, or a part of it or a library that it includes is missing.
    """
    files = _list_files(tree, kernels, operators)
    cmsis = None
    if files.calling_cmsis:
        cmsis = read_cmsis(tree, parties, files.calling_cmsis, _call_of_kernels(tree))
    reading = Reading(tree, parties, cmsis.include_directories if cmsis else ())
    reading.read([*files.sources, *files.roots, *(cmsis.sources if cmsis else ())], files.optional)
    sources = tuple(path for path in files.sources if path in reading.files)
    for name, (includer, include) in reading.missing.items():
        party = parties.need(name, f"{reading.name_of(includer)} includes {include}")
        if name in (CMSIS, CMSIS_NN):
            raise SourceError(
                f"{party.folder} is not all of CMSIS: {reading.name_of(includer)} includes {include},"
                " and it is not there.",
                hint="Of CMSIS 5 the folders NN, DSP and Core (or Include) are needed; since 2022 CMSIS-NN"
                " is a repository of its own.",
            )
    nn_party = parties.found.get(CMSIS_NN)
    definitions = tuple(switches.definitions(tree, reading, files.calling_cmsis, assertions=assertions))
    return Library(
        generation=tree.generation,
        registration=tree.registration,
        log_takes_arguments=tree.log_takes_arguments,
        has_recorder=tree.has_recorder,
        micro=tree.micro,
        operators=files.operators,
        sources=tuple(parties.place(path) for path in sources),
        kernel_sources=tuple(parties.place(path) for path in files.calling_cmsis),
        cmsis_sources=tuple(parties.place(path, nn_party) for path in (cmsis.sources if cmsis else ())),
        include_directories=tuple(parties.place(path, party) for path, party in reading.directories()),
        definitions=definitions,
        traced_functions=cmsis.traced_functions if cmsis else (),
        forwards=tuple(sorted(reading.forwards.items())),
        foreign_includes=tuple(reading.foreign),
        unset=frozenset(reading.conditions) - {one.text.partition("=")[0] for one in definitions},
    )


def missing_parties(tree: TflmTree, kernels: str, parties: Parties) -> dict[str, str]:
    """The libraries that these kernels need and that are not among `parties`, each with why as a clause.

    Raises:
        SourceError: the tree has no such kernels.
    """
    files = _list_files(tree, kernels, None)
    reading = Reading(tree, parties, ())
    reading.read([*files.sources, *files.roots], files.optional)
    missing = {
        name: f"{reading.name_of(includer)} includes {include}"
        for name, (includer, include) in reading.missing.items()
        if name not in (CMSIS, CMSIS_NN)
    }
    if files.calling_cmsis and CMSIS_NN not in parties.found:
        missing[CMSIS_NN] = _call_of_kernels(tree)
    return dict(sorted(missing.items()))


def _list_files(tree: TflmTree, kernels: str, operators: Sequence[str] | None) -> _Files:
    if kernels not in (REFERENCE, CMSIS_NN):
        raise SourceError(
            f'TensorFlow Lite Micro has no kernels "{kernels}".', hint=f"There are: {REFERENCE}, {CMSIS_NN}."
        )
    if kernels == CMSIS_NN and not tree.cmsis_nn_kernels:
        raise SourceError(
            f"The tree in {tree.root} has no kernels that call CMSIS-NN: looked for"
            f" {tree.micro}/kernels/cmsis-nn and {tree.micro}/kernels/cmsis_nn with sources in them.",
            hint=f"Build it with the kernels {REFERENCE}.",
        )
    makefile = read_makefile(tree)
    always = _always(tree, makefile)
    on_demand = [] if tree.generation.finds_by_version else _of_lite(tree, makefile)
    on_demand = [path for path in on_demand if path not in always]
    base = [path for path in dict.fromkeys((*always, *on_demand)) if not _is_of_a_board(path)]
    files, optimised = _kernel_files(tree, makefile, kernels)
    needed, registrables = _needed_kernels(tree, files, operators, base)
    resolver = (
        "kernels/all_ops_resolver.h" if tree.generation.finds_by_version else "micro_mutable_op_resolver.h"
    )
    return _Files(
        sources=tuple(dict.fromkeys((*base, *needed))),
        calling_cmsis=tuple(sorted(path for path in needed if path in optimised)),
        operators=registrables,
        roots=tuple(
            tree.micro_folder / name for name in (resolver, *((RECORDER,) if tree.has_recorder else ()))
        ),
        optional=_optional(tree, base, on_demand),
    )


def _always(tree: TflmTree, makefile: str) -> list[Path]:
    """The C API, and what the interpreter consists of; of its parts only those that are included are
    needed."""
    lite = [tree.root / tree.c_api, *_sources_in(tree.root / LITE / "core/api")]
    lite += [
        path
        for stem in _SHARED
        for suffix in CXX_SUFFIXES
        if (path := tree.root / f"{stem}{suffix}").is_file()
    ]
    # Releases differ in what else they need: their own list is the authority.
    lite += _assigned(tree, makefile, "MICROLITE_CC_BASE_SRCS")
    micro = [path for part in _OF_MICRO for path in _sources_in(tree.root / f"{tree.micro}{part}")]
    if not any(path.stem == _INTERPRETER for path in micro):
        raise SourceError(
            f"The tree in {tree.root} has no source of the interpreter: looked for"
            f" {tree.micro}/{_INTERPRETER} with {' or '.join(CXX_SUFFIXES)}.",
            hint="A header alone is not enough; what was unpacked may be a part.",
        )
    # Our adapter has the list of kernels.
    return [*lite, *(path for path in micro if path.stem != "all_ops_resolver")]


def _of_lite(tree: TflmTree, makefile: str) -> list[Path]:
    """Sources of TensorFlow Lite that are needed where their header is included.

    Since 2022 the tree's makefile has them as a wildcard over all that is not below micro or experimental.
    """
    excluded = set(_assigned(tree, makefile, "EXCLUDED_TFL_CC_SRCS"))
    folder = tree.root / "tensorflow"
    return [
        path
        for path in sorted(folder.rglob("*.c*"))
        if path.suffix in CXX_SUFFIXES
        and not _NOT_OF_LITE.search(path.relative_to(tree.root).as_posix())
        and not _FOR_TESTS.search(path.name)
        and path.with_suffix(".h").is_file()
        and path not in excluded
    ]


def _kernel_files(tree: TflmTree, makefile: str, kernels: str) -> tuple[list[Path], frozenset[Path]]:
    """The kernels of a set, and those of them that call CMSIS-NN; where both have one, those take its
    place."""
    folder = tree.micro_folder / "kernels"
    own = _assigned(tree, makefile, "MICROLITE_CC_KERNEL_SRCS") or _sources_in(folder)
    own += [path for path in _assigned(tree, makefile, "MICROLITE_CC_SIGNAL_KERNEL_SRCS") if path not in own]
    own = [path for path in own if path.stem != "all_ops_resolver"]
    # Some ports have a kernel in this form only.
    stems = {path.stem for path in own}
    own += [path for path in _sources_in(folder / "portable_optimized") if path.stem not in stems]
    if not own:
        raise SourceError(
            f"The tree in {tree.root} has no kernels: looked for {tree.micro}/kernels with sources in it.",
            hint="What was unpacked may leave them out.",
        )
    optimised = {}
    if kernels == CMSIS_NN:
        optimised = {path.stem: path for path in _sources_in(tree.micro_folder / tree.cmsis_nn_folder)}
    files = [optimised.get(path.stem, path) for path in own]
    # What has no namesake is what these kernels share.
    return list(dict.fromkeys((*files, *optimised.values()))), frozenset(optimised.values())


def _needed_kernels(
    tree: TflmTree, files: Sequence[Path], operators: Sequence[str] | None, base: Iterable[Path]
) -> tuple[list[Path], tuple[Registrable, ...]]:
    """The kernels that operators need, and the operators themselves, as far as the tree has them."""
    known = registrable_operators(tree)
    if not known:
        place = all_ops_resolver(tree) or tree.micro_folder / "micro_mutable_op_resolver.h"
        raise SourceError(
            f"The tree in {tree.root} does not say which operators it has: looked for AddBuiltin in {place}.",
            hint="What was unpacked may leave it out, or it was changed beyond what can be read.",
        )
    folders = (tree.micro_folder / "kernels", tree.root / _SIGNAL)
    headers = [path for folder in folders for path in sorted(folder.rglob("*.h"))]
    index = KernelFiles(files, headers)
    asked = [known[name] for name in sorted(known if operators is None else set(operators) & known.keys())]
    wanted = [operator for operator in asked if any(map(index.defines, operator.functions))]
    _check_not_elsewhere(tree, files, headers, [each for each in asked if each not in wanted])
    of_interpreter = {name for path in base for name in read_functions(path).mentioned if index.defines(name)}
    functions = [function for operator in wanted for function in operator.functions]
    return index.needed_for([*functions, *sorted(of_interpreter)]), tuple(wanted)


def _call_of_kernels(tree: TflmTree) -> str:
    return f"the kernels in {tree.micro}/{tree.cmsis_nn_folder} call it"


def _check_not_elsewhere(
    tree: TflmTree, files: Sequence[Path], headers: Sequence[Path], lacking: Sequence[Registrable]
) -> None:
    """That what is lacking is not in the tree for the other kernels alone, as ports for one chip have it.

    Raises:
        SourceError: it is.
    """
    others = [path for path in _sources_in(tree.micro_folder / tree.cmsis_nn_folder) if path not in files]
    if not lacking or not tree.cmsis_nn_folder or not others:
        return
    index = KernelFiles(others, headers)
    names = [operator.name for operator in lacking if any(map(index.defines, operator.functions))]
    if names:
        raise SourceError(
            f"The tree in {tree.root} has no {REFERENCE} kernels of {', '.join(names)}: it has them in"
            f" {tree.micro}/{tree.cmsis_nn_folder} alone.",
            hint=f"Build it with the kernels {CMSIS_NN}.",
        )


def _sources_in(folder: Path) -> list[Path]:
    """Sources in C++ of a folder that are no tests."""
    return [path for path in cxx_files(folder) if not _FOR_TESTS.search(path.name)]


def _optional(tree: TflmTree, base: Iterable[Path], on_demand: Iterable[Path]) -> dict[Path, Path]:
    """Sources that are only needed if their header is included by another one, by this header.

    Trees have code for examples and tests beside the interpreter, and leftovers that do not compile: the
    seed's tree of 1.14.0 has a micro_allocator.cc of another version.
    """
    of_demand = set(on_demand)
    return {
        path.with_suffix(".h"): path
        for path in base
        if path in of_demand
        or (
            path.is_relative_to(tree.micro_folder)
            and path.stem != _INTERPRETER
            and path.with_suffix(".h").is_file()
        )
    }


def _assigned(tree: TflmTree, makefile: str, variable: str) -> list[Path]:
    """The files that a makefile names one by one in a variable, those that exist."""
    match = re.search(rf"^[ \t]*{variable}[ \t]*[:?+]?=((?:[^\n]*\\\n)*[^\n]*)", makefile, re.MULTILINE)
    names = (
        re.findall(r"(?<![\w./-])(?:tensorflow|signal)/[\w./-]+\.cc?(?![\w./-])", match[1]) if match else []
    )
    return sorted(
        path
        for name in dict.fromkeys(names)
        if (path := tree.root / name).is_file() and not _FOR_TESTS.search(path.name)
    )


def _is_of_a_board(path: Path) -> bool:
    """Whether a file defines what our adapter does: the seed's DebugLog waits for a debugger."""
    return any(
        part in path.name and pattern.search(without_comments(read_text(path)))
        for part, pattern in _OF_A_BOARD.items()
    )
