"""Which of our own files decide what a module makes: it, what it imports, and the templates that they name.

A result has to be made again when code behind it changes. Which code that is nobody can keep in a list: the
first import that is forgotten leaves a stale result that passes for current.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from mcumatrix.hashing import fingerprint, hash_file, hash_tree

_TEMPLATE_ENDING = ".j2"

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_REFERS = re.compile(r"\{%[-+]?\s*(?:include|import|extends|from)\b(.*?)%\}", re.DOTALL)
_QUOTED = re.compile(r"""(["'])(.*?)\1""")

_CHANGE_NO_RESULT = frozenset({"mcumatrix.errors", "mcumatrix.ports"})
"""What is raised and what has no bodies: sentences and signatures, of which no result is made."""


def code_behind(modules: Iterable[str], templates: Path) -> dict[str, str]:
    """SHA-256 of each file, by module or template name, that some modules are or depend on.

    Followed are imports of packages that one of `modules` is in, and of mcumatrix, wherever they stand in a
    file: those inside of functions too, but not those for type checkers alone. Libraries are not: their
    versions are another matter. A template is one that a string in the code names, such as "report.md.j2",
    and those which that includes.

    Raises:
        ModuleNotFoundError: one of `modules` is not there.
        OSError: a file or a template cannot be read.
    """
    wanted = list(modules)
    ours = {"mcumatrix"} | {module.partition(".")[0] for module in wanted}
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name in found or name in _CHANGE_NO_RESULT:
            continue
        file = templates / name if name.endswith(_TEMPLATE_ENDING) else module_file(name)
        if file is None:
            raise ModuleNotFoundError(f"there is no module {name}", name=name)
        found[name] = hash_file(file)
        wanted += _in_template(file) if name.endswith(_TEMPLATE_ENDING) else _in_module(file, frozenset(ours))
    return dict(sorted(found.items()))


def module_file(name: str) -> Path | None:
    """The source file of a module; None if there is no such module. None is imported for that."""
    spec = module_spec(name)
    return Path(spec.origin) if spec and spec.origin else None


@cache
def module_spec(name: str) -> ModuleSpec | None:
    """Where a module is, found without importing any but the one at the top.

    `find_spec` alone imports whatever stands before the last dot, with all of its libraries.
    """
    above = name.rpartition(".")[0]
    if not above:
        return find_spec(name)
    package = module_spec(above)
    if package is None or package.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(name, package.submodule_search_locations)


@cache
def _in_module(file: Path, packages: frozenset[str]) -> tuple[str, ...]:
    source = file.read_bytes()
    tree = ast.parse(source, file)
    # Most files name no template. Imports are statements, and there are far fewer of those than of all else.
    nodes = _nodes(tree) if _TEMPLATE_ENDING.encode() in source else _statements(tree)
    return tuple(_named_by(nodes, packages))


def _named_by(nodes: Iterable[ast.AST], packages: frozenset[str]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and _is_template_name(node.value):
                yield node.value
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in packages)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in packages:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield below if module_file(below) else node.module


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """As `ast.walk`, without what only type checkers read."""
    return _walk(tree, ast.iter_child_nodes)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """The same of statements alone, and of what has some in it."""
    return _walk(tree, _statements_in)


def _statements_in(node: ast.AST) -> Iterator[ast.AST]:
    for field in _BLOCKS:
        yield from getattr(node, field, ())


_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
"""The fields of nodes that hold statements, or nodes with such fields."""


def _walk(tree: ast.AST, below: Callable[[ast.AST], Iterable[ast.AST]]) -> Iterator[ast.AST]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        yield node
        waiting += below(node)


def _is_template_name(text: str) -> bool:
    return text.endswith(_TEMPLATE_ENDING) and not any(character.isspace() for character in text)


@cache
def _in_template(file: Path) -> tuple[str, ...]:
    """What a template includes, imports or extends by a name that stands there.

    Jinja would tell as well, after reading all of the template, which takes longer than all the rest here.
    """
    text = _COMMENT.sub("", file.read_text())
    return tuple(
        name
        for statement in _REFERS.findall(text)
        for _, name in _QUOTED.findall(statement)
        if _is_template_name(name)
    )


@cache
def hash_of_own_code() -> str:
    """One hash over all modules of this package, for what is remembered as long as none of them changes."""
    root = Path(__file__).parent
    return fingerprint("code", hash_tree(root, root.rglob("*.py")))
