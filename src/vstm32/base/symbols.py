"""The functions of a firmware by address, from the symbol table of its ELF file, with names for people."""

import ctypes
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from vstm32.base.errors import VirtualBoardError

# GCC moves the unlikely part of a function away, and gives it a symbol of its own.
_COLD_PART = re.compile(r"\.cold(\.\d+)?$")
_CLONE = re.compile(r"\.(isra|part|constprop|lto_priv)\.\d+")


@dataclass(frozen=True, slots=True)
class Function:
    """Code at `start` up to, not including, `end`. `name` is demangled; `file` is "" if nothing says it."""

    name: str
    start: int
    end: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: str
    start: int
    size_bytes: int
    file: str
    is_function: bool
    is_global: bool

    @property
    def rank(self) -> tuple[bool, int, bool, bool, str]:
        """Which of several names of one address is the best: the smallest."""
        return (
            not self.is_function,
            -self.size_bytes,
            not self.is_global,
            self.name.startswith("_"),
            self.name,
        )


class Functions:
    """All functions of a firmware, ordered by address; they do not overlap."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions = tuple(sorted(functions, key=lambda each: each.start))
        self._starts = [function.start for function in self._functions]

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def at(self, address: int) -> Function | None:
        """The function that has code at an address, or None."""
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self._functions[index].end:
            return self._functions[index]
        return None

    def place(self, address: int) -> str:
        """An address as `main+0x24`, or "?" where no symbol says what is there."""
        function = self.at(address)
        return f"{short_name(function.name)}+{address - function.start:#x}" if function else "?"


def read_functions(path: Path) -> Functions:
    """Functions from the symbol table of an ELF file that `load_elf` has accepted; none if it is stripped.

    A symbol without a size, as in assembly, reaches up to the next one or to the end of its section. Of
    functions with the same name in several files, each gets the file's name.

    Raises:
        VirtualBoardError: the file cannot be read any more.
    """
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            sections = {
                number: (section["sh_addr"], section["sh_addr"] + section["sh_size"])
                for number, section in enumerate(elf.iter_sections())
                if section["sh_flags"] & 0x4  # SHF_EXECINSTR
            }
            symbols = list(_code_symbols(elf.get_section_by_name(".symtab"), sections))
    except OSError as error:
        raise VirtualBoardError(
            f"{path} cannot be read: {error.strerror}.", hint="Give the path of a firmware's ELF file."
        ) from error
    return Functions(_named_apart(_ranges(symbols, sorted(sections.values()))))


def _code_symbols(table: Any, sections: dict[int, tuple[int, int]]) -> Iterator[_Symbol]:
    file = ""
    for symbol in table.iter_symbols() if table is not None else ():
        kind, binding = symbol["st_info"]["type"], symbol["st_info"]["bind"]
        if kind == "STT_FILE":
            file = Path(symbol.name).name
        if symbol["st_shndx"] not in sections or not symbol.name or symbol.name.startswith("$"):
            continue  # $t and $d are mapping symbols (ELF for the Arm Architecture, section 5.5.5)
        if kind in ("STT_FUNC", "STT_NOTYPE"):
            is_global = binding != "STB_LOCAL"
            yield _Symbol(
                symbol.name,
                symbol["st_value"] & ~1 if kind == "STT_FUNC" else symbol["st_value"],
                symbol["st_size"],
                # What is global follows after all files, and belongs to no certain one.
                "" if is_global else file,
                kind == "STT_FUNC",
                is_global,
            )


def _ranges(symbols: list[_Symbol], sections: list[tuple[int, int]]) -> list[Function]:
    best: dict[int, _Symbol] = {}
    for symbol in sorted(symbols, key=lambda each: each.rank, reverse=True):
        best[symbol.start] = symbol
    functions: list[Function] = []
    covered = 0
    ordered = sorted(best.values(), key=lambda each: each.start)
    for index, symbol in enumerate(ordered):
        if not symbol.is_function and symbol.start < covered:
            continue  # a label inside of a function
        section_end = next((end for start, end in sections if start <= symbol.start < end), None)
        if section_end is None:
            continue  # such as a symbol of the linker script for the end of a section
        following = next(
            (other.start for other in ordered[index + 1 :] if other.is_function or not symbol.size_bytes),
            section_end,
        )
        end = min(
            symbol.start + symbol.size_bytes if symbol.size_bytes else following, following, section_end
        )
        functions.append(Function(_readable(symbol.name), symbol.start, end, symbol.file))
        covered = max(covered, end)
    return functions


def _named_apart(functions: list[Function]) -> list[Function]:
    """Functions of different files may have one name; parts of one function keep it."""
    files = Counter(name for name, _ in {(function.name, function.file) for function in functions})
    return [
        replace(function, name=f"{function.name} ({function.file})")
        if files[function.name] > 1 and function.file
        else function
        for function in functions
    ]


def _readable(name: str) -> str:
    """A symbol's name as source code has it: without the marks of the compiler."""
    return _demangled(_CLONE.sub("", _COLD_PART.sub("", name)))


def short_name(name: str) -> str:
    """A function's name without the list of its arguments."""
    bare = name.removesuffix(" const")
    if not bare.endswith(")"):
        return name
    depth = 0
    for position in range(len(bare) - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(bare[position], 0)
        if not depth:
            return bare[:position].rstrip()
    return name


def _demangled(name: str) -> str:
    """A C++ name in readable form; as it stands when the machine has no C++ library to ask."""
    demangle = _demangler() if name.startswith("_Z") else None
    if demangle is None:
        return name
    status = ctypes.c_int()
    place = demangle(name.encode(), None, None, ctypes.byref(status))
    if not place:
        return name
    try:
        return ctypes.string_at(place).decode(errors="replace")
    finally:
        ctypes.CDLL(None).free(ctypes.c_void_p(place))


@cache
def _demangler() -> Any:
    """`__cxa_demangle` of the machine's C++ library (Itanium C++ ABI), or None."""
    for library in ("libstdc++.so.6", "libc++abi.so.1"):
        try:
            demangle = ctypes.CDLL(library).__cxa_demangle
        except (OSError, AttributeError):
            continue
        demangle.restype = ctypes.c_void_p
        return demangle
    return None
