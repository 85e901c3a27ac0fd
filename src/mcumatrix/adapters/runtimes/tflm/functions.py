"""Which functions and classes files of C and C++ define for others, and which names each file mentions.

Not a compiler: braces, semicolons and the words before them are enough to tell what depends on what, and a
name too many costs a file too many.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcumatrix.adapters.runtimes.tflm.tree import read_text, without_comments

_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
_BOUNDARY = re.compile(r"[{};]")
_NAMESPACE = re.compile(r"\s*(?:inline\s+)?namespace\b\s*([\w:]*)\s*$")
_LINKAGE = re.compile(r'\s*extern\s*"\w*"\s*$')
_CLASS = re.compile(r"(?:class|struct|union|enum(?:\s+class)?)\s+(?:\w+\s*\([^()]*\)\s*)?(\w+)\b[^();=]*$")
_FUNCTION = re.compile(r"((?:\w+\s*(?:<[^<>]*>)?\s*::\s*)*)(~?\w+)\s*\(")
_WORD = re.compile(r"\b[A-Za-z_]\w*")
_NO_FUNCTIONS = frozenset(
    ("alignas", "__attribute__", "__declspec", "decltype", "defined", "if", "noexcept", "sizeof", "while")
)


@dataclass(frozen=True, slots=True)
class Functions:
    """What a file defines and mentions.

    `defined` are functions that others can call, and classes of which it defines members. `inline` are
    functions and classes with bodies, as headers have them, each with the names in it. `mentioned` are all
    names in the file.
    """

    defined: frozenset[str]
    inline: Mapping[str, frozenset[str]]
    mentioned: frozenset[str]


def read_functions(path: Path) -> Functions:
    """Raises:
    SourceError: the file cannot be read.
    """
    return functions_in(read_text(path))


def code_in(text: str) -> str:
    """C or C++ without comments and directives; what is left of a directive ends what is before it."""
    return _DIRECTIVE.sub(";", without_comments(text))


def functions_in(text: str) -> Functions:
    """What a text of C or C++ defines and mentions."""
    code = code_in(text)
    defined: set[str] = set()
    inline: dict[str, frozenset[str]] = {}
    for head, body, is_private in _definitions(code):
        name, classes = _named(head)
        if not name:
            continue
        words = set(_WORD.findall(head.partition("(")[0]))
        if not is_private and "static" not in words:
            # A class has its members; namespaces are in lower case in these trees.
            owner = classes[-1:] if classes and classes[-1][0].isupper() else (name,)
            defined |= set(owner)
        inline[name] = inline.get(name, frozenset()) | frozenset(_WORD.findall(body))
    return Functions(frozenset(defined), inline, frozenset(_WORD.findall(_LITERAL.sub(" ", code))))


def inline_functions(headers: Iterable[Functions]) -> dict[str, frozenset[str]]:
    """What headers have with bodies, each with the names in it; of namesakes those of all."""
    found: dict[str, frozenset[str]] = {}
    for header in headers:
        for name, mentioned in header.inline.items():
            found[name] = found.get(name, frozenset()) | mentioned
    return found


@dataclass(frozen=True, slots=True)
class Defined:
    """What files define for others: `where` has names with the file that defines them, `inline` is what
    headers have with bodies."""

    files: Mapping[Path, Functions]
    where: Mapping[str, Path]
    inline: Mapping[str, frozenset[str]]

    def reached(
        self, names: Iterable[str], is_followed: Callable[[str], bool]
    ) -> tuple[set[Path], list[str]]:
        """The files that define names, with those that these mention and so on; and names that none defines.

        Of what is mentioned, names count that are to be followed.
        """
        queue = list(dict.fromkeys(names))
        seen = set(queue)
        needed: set[Path] = set()
        outside: list[str] = []
        for name in queue:
            mentioned = set(self.inline.get(name, ()))
            path = self.where.get(name)
            if path is None:
                outside.append(name)
            elif path not in needed:
                needed.add(path)
                mentioned |= self.files[path].mentioned
            new = {other for other in mentioned - seen if is_followed(other)}
            seen |= new
            queue += sorted(new)
        return needed, outside


def where_defined(files: Mapping[Path, Functions]) -> dict[str, Path]:
    """Functions that others can call, each with the first file that defines it."""
    where: dict[str, Path] = {}
    for path, functions in files.items():
        for name in functions.defined:
            where.setdefault(name, path)
    return where


@dataclass(slots=True)
class _Scope:
    kind: str
    head: str = ""
    start: int = 0


@dataclass(slots=True)
class _Scanner:
    scopes: list[_Scope] = field(default_factory=list)

    def is_open(self) -> bool:
        """Whether definitions are looked for here: at the top, or in namespaces alone."""
        return all(scope.kind in ("namespace", "anonymous") for scope in self.scopes)

    def is_private(self) -> bool:
        return any(scope.kind == "anonymous" for scope in self.scopes)


def _definitions(code: str) -> Iterator[tuple[str, str, bool]]:
    """Head and body of each definition at the top or in a namespace, and whether that has no name."""
    scanner = _Scanner()
    last = 0
    plain = _LITERAL.sub(lambda match: match[0] if "{" not in match[0] else '""'.ljust(len(match[0])), code)
    for match in _BOUNDARY.finditer(plain):
        head = plain[last : match.start()]
        if match[0] == "{":
            if not scanner.is_open():
                scanner.scopes.append(_Scope("other"))
            elif (namespace := _NAMESPACE.search(head)) is not None:
                scanner.scopes.append(_Scope("namespace" if namespace[1] else "anonymous"))
            elif _LINKAGE.search(head):
                scanner.scopes.append(_Scope("namespace"))
            else:
                scanner.scopes.append(_Scope("definition", head, match.end()))
        elif match[0] == "}" and scanner.scopes:
            scope = scanner.scopes.pop()
            if scope.kind == "definition":
                yield scope.head, plain[scope.start : match.start()], scanner.is_private()
        last = match.end()


def _named(head: str) -> tuple[str, tuple[str, ...]]:
    """The function or class that a head is of, and the classes that it says it belongs to."""
    # What comes before the parameters names it: default values and what stands behind them may have
    # parentheses too.
    for match in _FUNCTION.finditer(head):
        if match[2] not in _NO_FUNCTIONS:
            return match[2], tuple(_WORD.findall(re.sub(r"<[^<>]*>", "", match[1])))
    found = _CLASS.search(head)
    return (found[1], ()) if found else ("", ())
