"""What is needed of CMSIS for the kernels of a tree that call it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.functions import (
    Defined,
    Functions,
    code_in,
    inline_functions,
    read_functions,
    where_defined,
)
from mcumatrix.adapters.runtimes.tflm.third_party import CMSIS, CMSIS_NN, Parties, Party
from mcumatrix.adapters.runtimes.tflm.tree import TflmTree, read_text, without_comments
from mcumatrix.errors import SourceError

_CALL = re.compile(r"\b(arm_[a-z0-9_]+)\s*\(")
_TABLE = re.compile(r"\b(\w+)\s*\[[^\]]*\]\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?=\s*\{")
_CORE_FOLDERS = ("Core/Include", "Include")
"""Where CMSIS has its headers of the core: since 5.0, and before."""


@dataclass(frozen=True, slots=True)
class Cmsis:
    """What is needed of CMSIS for some kernels: its places of includes with whose they are, and sources."""

    include_directories: tuple[tuple[Path, Party], ...]
    sources: tuple[Path, ...]
    traced_functions: tuple[str, ...]


def read_cmsis(tree: TflmTree, parties: Parties, kernel_files: Iterable[Path], because: str) -> Cmsis:
    """What is needed of CMSIS-NN, of CMSIS-DSP beside it, and of CMSIS's core headers.

    Raises:
        SourceError: CMSIS-NN was not found, because of what `because` says, or is of another age.
    """
    network = parties.need(CMSIS_NN, because)
    core = parties.found.get(CMSIS)
    signal = network.base.parent / "DSP"
    directories = [(network.base / "Include", network), (signal / "Include", network)]
    if core is not None:
        directories += [(core.base / name, core) for name in _CORE_FOLDERS]
    directories = [(path, party) for path, party in directories if path.is_dir()]
    files = {path: read_functions(path) for path in sorted((network.base / "Source").rglob("*.c"))}
    where = where_defined(files)
    called = {name: path for path in kernel_files for name in _CALL.findall(code_in(read_text(path)))}
    headers = [path for folder, _ in directories for path in sorted(folder.rglob("*.h"))]
    missing = {name: path for name, path in called.items() if name not in where}
    _check_age(tree, network, missing, headers)
    traced = tuple(sorted(called.keys() & where.keys()))
    inline = inline_functions(map(read_functions, headers))
    sources, outside = Defined(files, where, inline).reached(called, _is_cmsis)
    of_dsp = _needed_of_dsp(signal, outside, inline)
    if of_dsp:
        directories.append((signal / "PrivateInclude", network))
    sources |= _tables(files, sources, inline)
    return Cmsis(
        include_directories=tuple((path, party) for path, party in directories if path.is_dir()),
        sources=(*sorted(sources), *of_dsp),
        traced_functions=traced,
    )


def _check_age(tree: TflmTree, party: Party, called: Mapping[str, Path], headers: Iterable[Path]) -> None:
    """That what kernels call, and no source defines, is at least in a header: inline, or a macro, or of DSP.

    CMSIS-NN of 2018 has none of the functions that kernels of 2019 call.
    """
    text = " ".join(without_comments(read_text(path)) for path in headers)
    known = set(re.findall(r"\barm_[a-z0-9_]+", text))
    for name, path in sorted(called.items()):
        if name not in known:
            pin = tree.pins.get(CMSIS_NN) or tree.pins.get(CMSIS)
            raise SourceError(
                f"The CMSIS-NN in {party.base} is not the one that the tree was written for:"
                f" {path.relative_to(tree.root).as_posix()} calls {name}, and it is not there.",
                hint=f"The tree itself asks for {pin.url} (md5:{pin.md5})."
                if pin is not None
                else "Take one of the tree's age: CMSIS 5.6.0 is of July 2019, 5.7.0 of April 2020, CMSIS-NN"
                " 4.0.0 of 2022.",
            )


def _needed_of_dsp(
    folder: Path, wanted: Iterable[str], inline: Mapping[str, frozenset[str]]
) -> tuple[Path, ...]:
    """Sources of CMSIS-DSP that functions of CMSIS-NN call, directly or not."""
    files = {path: read_functions(path) for path in sorted((folder / "Source").rglob("*.c"))}
    needed, _ = Defined(files, where_defined(files), inline).reached(wanted, _is_cmsis)
    return tuple(sorted(needed))


def _is_cmsis(name: str) -> bool:
    return name.startswith("arm_")


def _tables(
    files: Mapping[Path, Functions], sources: Iterable[Path], inline: Mapping[str, frozenset[str]]
) -> set[Path]:
    """The files that define tables which functions in `sources`, or those in headers, look into."""
    mentioned = frozenset().union(*(files[path].mentioned for path in sources), *inline.values())
    return {
        path
        for path, found in files.items()
        if not found.defined and mentioned & set(_TABLE.findall(code_in(read_text(path))))
    }
