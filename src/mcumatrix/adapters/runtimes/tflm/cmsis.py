"""What is needed of CMSIS for the kernels of a tree that call it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.third_party import CMSIS, Party
from mcumatrix.adapters.runtimes.tflm.tree import TflmTree, read_text, without_comments
from mcumatrix.errors import SourceError

_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_CALL = re.compile(r"\b(arm_[a-z0-9_]+)\s*\(")
_DEFINITION = re.compile(
    # Words of a type, a name, parameters, and a body; what comes before has ended, or it is a condition.
    r"(?:^|[;}])\s*((?:[A-Za-z_]\w*[\s*]+)+)(arm_[a-z0-9_]+)\s*\([^(){};]*(?:\([^(){};]*\)[^(){};]*)*\)\s*\{"
)
_NO_TYPES = frozenset({"static", "else", "return", "do", "case", "goto"})


@dataclass(frozen=True, slots=True)
class Cmsis:
    """What is needed of CMSIS for some kernels."""

    include_directories: tuple[Path, ...]
    sources: tuple[Path, ...]
    traced_functions: tuple[str, ...]


def read_cmsis(tree: TflmTree, party: Party, kernel_files: Iterable[Path]) -> Cmsis:
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
    return Cmsis(
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
