"""Reads YAML files.

Every scalar is kept as it was written: `no` is the text `no` and `1.10` is the text `1.10`; only an empty
value, `~` and `null` are nothing. A file is read with limits, so that no file can take the machine down.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from mcumatrix.by_contents import Known
from mcumatrix.errors import MatrixError
from mcumatrix.hashing import hash_bytes
from mcumatrix.matrix import document
from mcumatrix.matrix.document import Document, Node, Position, error_at, type_names
from mcumatrix.matrix.suggest import shown

MAXIMUM_SIZE_BYTES = 1 << 20
MAXIMUM_NODES = 20_000
"""Scalars, lists and mappings of one file, those that aliases repeat included."""
MAXIMUM_DEPTH = 20

_PARSERS = tuple(Path(module.__file__ or "") for module in (sys.modules[__name__], document, ruamel.yaml))
"""The code that makes nodes of a text, and writes them. The last file has the version of the parser in it."""


def parsed_before(file: Path | None) -> Known:
    """What YAML files were found to hold, kept in a file for `read_document`."""
    return Known(file, _PARSERS)


def read_document(
    path: Path, top: type[dict[str, Node]] | type[list[Node]] = dict, known: Known | None = None
) -> Document:
    """Reads a YAML file whose top is a mapping, or a list where that is asked for.

    `known` are files that were read before, by their contents: none of them is parsed again.

    Raises:
        MatrixError: there is no such file; it is too large, not UTF-8, not YAML, or has duplicate keys, tags,
            tabs, several documents, too deep or too many values; its top is something else.
    """
    text = _read_text(path)
    for number, line in enumerate(text.splitlines(), start=1):
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation and line.strip():
            raise error_at(
                path,
                Position(number, indentation.index("\t") + 1),
                f"the line {shown(line)} is indented with a tab",
                "YAML wants spaces there.",
            )
    root = _Builder(path).build(text) if known is None else _root_by(known, path, text)
    if not isinstance(root.content, top):
        raise error_at(
            path,
            root.position,
            f"the file must be {type_names[top]}, but is {type_names[type(root.content)]}",
            "Write lines such as 'key: value'." if top is dict else "Write lines such as '- key: value'.",
        )
    return Document(path, root)


def _root_by(known: Known, path: Path, text: str) -> Node:
    contents = hash_bytes(text.encode())
    return Node.from_json(known.answer(contents, lambda: _Builder(path).build(text).to_json()))


def _empty(path: Path) -> MatrixError:
    return MatrixError(f"{path} is empty", hint="docs/matrix.md says what belongs into it.")


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise MatrixError(f"{path} is not a file", hint="Name a YAML file that is there.")
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_SIZE_BYTES + 1)
    except OSError as error:
        raise MatrixError(
            f"{path} cannot be read: {error.strerror}", hint="Check its permissions."
        ) from error
    if len(content) > MAXIMUM_SIZE_BYTES:
        raise MatrixError(
            f"{path} is larger than 1 MiB", hint="A matrix of that size is a mistake; split it."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise error_at(
            path,
            Position(line),
            f"byte 0x{content[error.start]:02x} is not UTF-8",
            "Save the file with the encoding UTF-8.",
        ) from error
    if not text.strip():
        raise _empty(path)
    return text


class _Builder:
    """Makes nodes from the parser's events; no step of it calls itself once per level of the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def build(self, text: str) -> Node:
        events = self._events(text)
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                raise self._wrong(event, "a second document begins here", "Write one file for each.")
            if isinstance(event, NodeEvent):
                root = self._node(event, events, depth=1)
        if root is None:
            raise _empty(self._path)
        return root

    def _events(self, text: str) -> Iterator[Event]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            position = Position(mark.line + 1, mark.column + 1) if mark else Position(1)
            context = f" {error.context}" if error.context else ""
            raise error_at(
                self._path,
                position,
                f"this is not YAML: {error.problem}{context}",
                "Check the indentation and the quotes around this place.",
            ) from error
        except ReaderError as error:
            position = Position(text.count("\n", 0, error.position) + 1)
            raise error_at(
                self._path,
                position,
                f"the character U+{error.character:04X} may not be in a YAML file",
                "Remove it.",
            ) from error
        except (ValueError, OverflowError) as error:
            # From the parser's own conversion of an escape such as "\UFFFFFFFF", which has no mark.
            raise MatrixError(
                f"{self._path} is not YAML: it has an escape that is no character",
                hint="Look for a \\U with a number above 10FFFF.",
            ) from error

    def _node(self, event: Any, events: Iterator[Event], depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._aliased(event, depth)
        self._count(event, nodes=1, depth=depth)
        if event.tag is not None:
            raise self._wrong(event, f"the tag {shown(str(event.tag))} has no meaning here", "Remove it.")
        if isinstance(event, ScalarEvent):
            node = Node(self._position(event), self._scalar(event))
        elif isinstance(event, SequenceStartEvent):
            node = self._list(event, events, depth)
        else:
            node = self._mapping(event, events, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _list(self, event: NodeEvent, events: Iterator[Event], depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(item := next(events), SequenceEndEvent):
            items.append(self._node(item, events, depth + 1))
        return self._container(event, items, items)

    def _mapping(self, event: NodeEvent, events: Iterator[Event], depth: int) -> Node:
        entries: dict[str, tuple[Position, Node]] = {}
        while not isinstance(item := next(events), MappingEndEvent):
            key = self._node(item, events, depth + 1)
            if not isinstance(key.content, str):
                raise self._wrong(item, f"a key must be text, but this is {type_names[type(key.content)]}")
            if key.content in entries:
                first = entries[key.content][0].line
                message = f"the key {shown(key.content)} is here twice, first in line {first}"
                raise self._wrong(item, message, "Keep one of them.")
            entries[key.content] = self._position(item), self._node(next(events), events, depth + 1)
        return self._container(event, entries, [value for _, value in entries.values()])

    def _container(self, event: NodeEvent, content: Any, parts: list[Node]) -> Node:
        nodes = 1 + sum(part.nodes for part in parts) + (len(parts) if isinstance(content, dict) else 0)
        return Node(self._position(event), content, nodes, 1 + max((part.depth for part in parts), default=0))

    def _aliased(self, event: AliasEvent, depth: int) -> Node:
        if event.anchor not in self._anchors:
            raise self._wrong(
                event,
                f"the alias {shown('*' + event.anchor)} has no anchor before it",
                "Quote a value that begins with '*'.",
            )
        node = self._anchors[event.anchor]
        self._count(event, node.nodes, depth + node.depth - 1)
        return replace(node, position=self._position(event))

    def _scalar(self, event: ScalarEvent) -> str | None:
        text: str = event.value
        if event.style is None and text in ("", "~", "null", "Null", "NULL"):
            return None
        for character in text:
            if not character.isprintable() and character not in "\n\t":
                raise self._wrong(
                    event, f"the text {shown(text)} has the character U+{ord(character):04X}", "Remove it."
                )
        return text

    def _count(self, event: Event, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MAXIMUM_NODES:
            raise self._wrong(
                event,
                f"the file has more than {MAXIMUM_NODES:,} values with its aliases written out",
                "Split it, or use fewer aliases.",
            )
        if depth > MAXIMUM_DEPTH:
            raise self._wrong(event, f"values are nested more than {MAXIMUM_DEPTH} deep", "Write it flatter.")

    def _wrong(self, event: Event, message: str, hint: str = "") -> MatrixError:
        return error_at(self._path, self._position(event), message, hint)

    @staticmethod
    def _position(event: Event) -> Position:
        return Position(event.start_mark.line + 1, event.start_mark.column + 1)
