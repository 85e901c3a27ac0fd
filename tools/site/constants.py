"""Constants of the sources with their docstrings, which nobody has when a program runs."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Constant:
    """A name with a literal value, and the docstring below it; empty where there is none."""

    name: str
    value: object
    docstring: str


def constants(body: Sequence[ast.stmt]) -> Iterator[Constant]:
    """Those of a module's or a class's statements that give a name a literal."""
    for statement, behind in pairwise([*body, ast.Pass()]):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                yield Constant(name, value, _docstring(behind))


def _docstring(statement: ast.stmt) -> str:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
    return ""
