"""Which of our own files decide what a module makes: it, what it imports, and the templates that they name.

A result has to be made again when code behind it changes. Which code that is nobody can keep in a list: the
first import that is forgotten leaves a stale result that passes for current.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache, partial
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from mcumatrix.by_contents import Known
from mcumatrix.hashing import fingerprint, hash_bytes, hash_tree

_TEMPLATE_ENDING = ".j2"

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_REFERS = re.compile(r"\{%[-+]?\s*(?:include|import|extends|from)\b(.*?)%\}", re.DOTALL)
_QUOTED = re.compile(r"""(["'])(.*?)\1""")

_CHANGE_NO_RESULT = frozenset({"mcumatrix.errors", "mcumatrix.ports"})
"""What is raised and what has no bodies: sentences and signatures, of which no result is made."""


def code_behind(modules: Iterable[str], templates: Path, kept: Path | None = None) -> dict[str, str]:
    """SHA-256 of each file, by module or template name, that some modules are or depend on.

    Followed are imports of packages that one of `modules` is in, and of mcumatrix, wherever they stand in a
    file: those inside of functions too, but not those for type checkers alone. Libraries are not: their
    versions are another matter. A template is one that a string in the code names, such as "report.md.j2",
    and those which that includes. `kept` is a file that may keep between runs what files of code name.

    Raises:
        ModuleNotFoundError: one of `modules` is not there.
        OSError: a file or a template cannot be read.
    """
    with Known(kept, (Path(__file__),)) as known:
        return _code_behind(list(modules), templates, known)


def _code_behind(wanted: list[str], templates: Path, known: Known) -> dict[str, str]:
    ours = {"mcumatrix"} | {module.partition(".")[0] for module in wanted}
    found: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name in found or name in _CHANGE_NO_RESULT:
            continue
        file = templates / name if name.endswith(_TEMPLATE_ENDING) else module_file(name)
        if file is None:
            raise ModuleNotFoundError(f"there is no module {name}", name=name)
        source = file.read_bytes()
        found[name] = hash_bytes(source)
        if name.endswith(_TEMPLATE_ENDING):
            wanted += _in_template(source.decode())
        else:
            wanted += _followed(known.answer(found[name], partial(_named_in, source)), ours)
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
def _named_in(source: bytes) -> list[list[str]]:
    """What a file of code names, as `_named_by` has it."""
    tree = ast.parse(source)
    # Most files name no template. Imports are statements, and there are far fewer of those than of all else.
    nodes = _nodes(tree) if _TEMPLATE_ENDING.encode() in source else _statements(tree)
    return [list(names) for names in dict.fromkeys(_named_by(nodes))]


def _named_by(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ...]]:
    """A template or a module; or a module and a name in it, which may be a module as well."""
    for node in nodes:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and _is_template_name(node.value):
                yield (node.value,)
        elif isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def _followed(named: Iterable[list[str]], packages: Collection[str]) -> Iterator[str]:
    """What to look at next: templates, and modules of some packages."""
    for module, *names in named:
        if _is_template_name(module):
            yield module
        elif module.partition(".")[0] in packages:
            below = ".".join((module, *names))
            yield below if module_file(below) else module


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
def _in_template(source: str) -> tuple[str, ...]:
    """What a template includes, imports or extends by a name that stands there.

    Jinja would tell as well, after reading all of the template, which takes longer than all the rest here.
    """
    text = _COMMENT.sub("", source)
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
