"""Which operators a tree can register, and with which of its own functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.tree import CXX_SUFFIXES, TflmTree, read_text, without_comments
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.network import custom_name, custom_operator, is_custom

_METHOD = re.compile(r"\bTfLiteStatus\s+(Add\w+)\s*\(")
_BUILTIN = re.compile(r"\bAddBuiltin\s*\(\s*(?:tflite\s*::\s*)?BuiltinOperator_(\w+)\s*,")
_CUSTOM = re.compile(r"\bAddCustom\s*\(\s*\"([^\"\\\n]+)\"\s*,")
_REGISTER = re.compile(r"\bRegister_\w+")
_LISTED = re.compile(
    r"\bAddBuiltin\s*\(\s*(?:tflite\s*::\s*)?BuiltinOperator_(\w+)\s*,\s*"
    r"(?:[\w:]*::\s*)?(Register_\w+)\s*\(\s*\)\s*((?:,\s*\d+\s*)*)\)"
)


_WITH_KISSFFT = frozenset({"Register_RFFT", "Register_IRFFT"})
"""What needs KissFFT, patched by the tree's makefile: none of the libraries that are looked for."""

_SYMBOL = re.compile(r"[A-Za-z0-9_]{1,64}")
_SYMBOL_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Registrable:
    """An operator that can be registered, by the name that layers have for it.

    `call` is what is called of a resolver for that, in C++. `functions` give the registrations.
    """

    name: str
    call: str
    functions: tuple[str, ...]


def registrable_operators(tree: TflmTree) -> Mapping[str, Registrable]:
    """The operators that a tree can register, by the names that layers have for them; empty if it says none.

    Up to 2.2 AllOpsResolver's source lists them, with their versions, and no custom ones; then
    MicroMutableOpResolver has a method for each. One that gets its name when it runs, as that of an Ethos-U
    does, is for a chip that is not here; one that needs KissFFT cannot be compiled.

    Raises:
        SourceError: a file of the tree cannot be read.
    """
    return _listed(tree) if tree.generation.finds_by_version else _methods(tree)


def symbol_of(operator: str) -> str:
    """An identifier of C for an operator of a layer; two of them never have the same."""
    if not is_custom(operator):
        return operator
    name = custom_name(operator)
    return f"CUSTOM_{name if _SYMBOL.fullmatch(name) else hash_bytes(operator.encode())[:_SYMBOL_DIGITS]}"


def all_ops_resolver(tree: TflmTree) -> Path | None:
    """The source that lists all kernels of a tree up to 2.2."""
    stem = tree.micro_folder / "kernels" / "all_ops_resolver"
    return next((path for suffix in CXX_SUFFIXES if (path := stem.with_suffix(suffix)).is_file()), None)


def _listed(tree: TflmTree) -> dict[str, Registrable]:
    path = all_ops_resolver(tree)
    found = _LISTED.findall(without_comments(read_text(path))) if path else []
    return {
        name: Registrable(
            name,
            f"AddBuiltin(tflite::BuiltinOperator_{name}, tflite::ops::micro::{function}()"
            f"{''.join(f', {version}' for version in re.findall(r'[0-9]+', versions))})",
            (function,),
        )
        for name, function, versions in found
    }


def _methods(tree: TflmTree) -> dict[str, Registrable]:
    code = without_comments(read_text(tree.micro_folder / "micro_mutable_op_resolver.h"))
    starts = [*_METHOD.finditer(code)]
    ends = [*(match.start() for match in starts), len(code)]
    found: dict[str, Registrable] = {}
    for match, end in zip(starts, ends[1:], strict=True):
        body = code[match.end() : end]
        builtin, custom = _BUILTIN.search(body), _CUSTOM.search(body)
        functions = tuple(dict.fromkeys(_REGISTER.findall(body)))
        if (builtin or custom) and functions and _WITH_KISSFFT.isdisjoint(functions):
            name = builtin[1] if builtin else custom_operator(custom[1]) if custom else ""
            # A later one of the same operator takes a registration of the caller's.
            found.setdefault(name, Registrable(name, f"{match[1]}()", functions))
    return found
