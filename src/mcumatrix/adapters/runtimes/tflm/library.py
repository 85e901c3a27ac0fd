"""What to compile of a tree of TensorFlow Lite Micro: sources, places of includes, switches with reasons."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm import switches
from mcumatrix.adapters.runtimes.tflm.cmsis import read_cmsis
from mcumatrix.adapters.runtimes.tflm.reading import Reading
from mcumatrix.adapters.runtimes.tflm.switches import Definition
from mcumatrix.adapters.runtimes.tflm.third_party import CMSIS, Parties, Place
from mcumatrix.adapters.runtimes.tflm.tree import LITE, TflmTree, read_makefile, read_text, without_comments
from mcumatrix.errors import SourceError

REFERENCE = "reference"
CMSIS_NN = "cmsis-nn"

_SHARED = (
    f"{LITE}/kernels/internal/quantization_util.cc",
    f"{LITE}/kernels/kernel_util.cc",
    # Since 2.4: how the code of an operator is read.
    f"{LITE}/schema/schema_utils.cc",
)
"""What the library needs of TensorFlow Lite besides the C API and core/api, where it exists."""

_FOR_TESTS = re.compile(r"test\.cc$|_test_|^test_helper|benchmark")
"""Names of files that are tests, or that only tests need."""

_DEBUG_LOG = re.compile(r"\bDebugLog\s*\([^;{}]*\)\s*\{")


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
        cmsis = read_cmsis(tree, parties.need(CMSIS, _call_of_kernels(tree)), kernel_files)
    reading = Reading(tree, parties, cmsis.include_directories if cmsis else ())
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
        definitions=tuple(switches.definitions(tree, reading, kernel_files)),
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
    reading = Reading(tree, parties, ())
    reading.read(files, _optional(tree, files))
    missing = {
        name: f"{reading.name_of(includer)} includes {include}"
        for name, (includer, include) in reading.missing.items()
        if name != CMSIS
    }
    if kernel_files and CMSIS not in parties.found:
        missing[CMSIS] = _call_of_kernels(tree)
    return dict(sorted(missing.items()))


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
    makefile = read_makefile(tree)
    lite = [tree.c_api, *_names_below(tree, f"{LITE}/core/api")]
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
