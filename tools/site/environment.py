"""Environment variables, from the constants that name them in the sources."""

import ast
from pathlib import Path

from tools.site.constants import Constant, constants

SUFFIX = "_VARIABLE"
"""A constant of a module with such a name has the name of an environment variable, and a docstring."""


def variables(sources: Path) -> tuple[Constant, ...]:
    """The constants below a folder of Python sources that name environment variables, sorted."""
    trees = (ast.parse(path.read_bytes()) for path in sorted(sources.rglob("*.py")))
    found = (one for tree in trees for one in constants(tree.body) if one.name.endswith(SUFFIX))
    return tuple(sorted(found, key=lambda one: str(one.value)))


def environment_page(sources: Path) -> str:
    """A table of them."""
    rows = (f"| `{one.value}` | {one.docstring} |" for one in variables(sources))
    return "\n".join(("| variable | meaning |", "|---|---|", *rows))
