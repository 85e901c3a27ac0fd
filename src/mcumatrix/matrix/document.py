"""A YAML file with the place of everything in it, and errors that name the place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.suggest import shown

_MAXIMUM_PROBLEMS_SHOWN = 20
_MAXIMUM_KEY_SHOWN = 60

type_names = {str: "text", list: "a list", dict: "a mapping", type(None): "empty"}

Place = tuple[str | int, ...]
"""The way to a node from the top of its file: keys of mappings and positions in lists."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file as editors count: line and column begin at 1; no column means the entire line."""

    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.line}:{self.column}" if self.column else f"{self.line}"


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a file: text, nothing, a list, or a mapping of key to the key's own place and its value."""

    position: Position
    content: "str | list[Node] | dict[str, tuple[Position, Node]] | None"
    nodes: int = 1
    depth: int = 1

    def plain(self) -> Any:
        """The value without places, made of str, None, list and dict."""
        if isinstance(self.content, list):
            return [item.plain() for item in self.content]
        if isinstance(self.content, dict):
            return {key: value.plain() for key, (_, value) in self.content.items()}
        return self.content

    def to_json(self) -> list[Any]:
        """The value with its places, made of what JSON has."""
        content: Any = self.content
        if isinstance(content, list):
            content = [item.to_json() for item in content]
        elif isinstance(content, dict):
            content = {
                key: [place.line, place.column, value.to_json()] for key, (place, value) in content.items()
            }
        return [self.position.line, self.position.column, content, self.nodes, self.depth]

    @classmethod
    def from_json(cls, written: list[Any]) -> Self:
        """What `to_json` has written."""
        line, column, content, nodes, depth = written
        if isinstance(content, list):
            content = [cls.from_json(item) for item in content]
        elif isinstance(content, dict):
            content = {
                key: (Position(line_of_key, column_of_key), cls.from_json(value))
                for key, (line_of_key, column_of_key, value) in content.items()
            }
        return cls(Position(line, column), content, nodes, depth)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: a mapping, or a list where one was asked for."""

    path: Path
    root: Node

    def position(self, place: Place, *, of_key: bool = False) -> Position:
        """Where `place` is in the file; for a place that is not there, where the nearest thing around it is.

        `of_key` asks for the key of a mapping instead of its value.
        """
        node, position = self.root, self.root.position
        for step in place:
            if isinstance(node.content, dict) and isinstance(step, str) and step in node.content:
                key_position, node = node.content[step]
                position = key_position if of_key or node.content is None else node.position
            elif isinstance(node.content, list) and isinstance(step, int) and step < len(node.content):
                node = node.content[step]
                position = node.position
            else:
                break
        return position

    def keys(self, place: Place) -> list[str]:
        """The keys of the mapping at `place`, in the order of the file."""
        node = self.root
        for step in place:
            if isinstance(node.content, dict) and isinstance(step, str):
                node = node.content[step][1]
        return list(node.content) if isinstance(node.content, dict) else []


class Problems:
    """Collects what is wrong with one file, so that a person sees all of it at once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: list[tuple[Position, str, str]] = []

    def add(self, place: Place, message: str, hint: str = "", *, of_key: bool = False) -> None:
        """Notes that what stands at `place` is wrong."""
        self._found.append((self._document.position(place, of_key=of_key), message, hint))

    def check(self) -> None:
        """Ends the work on a file that has problems.

        Raises:
            MatrixError: with every problem that was added, in the order of the file.
        """
        if not self._found:
            return
        self._found.sort(key=lambda found: (found[0].line, found[0].column))
        errors = [error_at(self._document.path, *found) for found in self._found]
        if len(errors) == 1:
            raise errors[0]
        lines = [str(error) for error in errors[:_MAXIMUM_PROBLEMS_SHOWN]]
        hidden = len(errors) - len(lines)
        raise MatrixError("\n".join(lines), hint=f"There are {hidden} more problems." if hidden else "")


def error_at(path: Path, position: Position, message: str, hint: str = "") -> MatrixError:
    """The error that something is wrong at a place of a file."""
    return MatrixError(f"{path}:{position}: {message}", hint=hint)


def in_words(place: Sequence[str | int]) -> str:
    """A place as people read it: `axes.optimize.O2`, `include[0].repeat`; the top is `the file`."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{_step(step)}" for step in place)
    return words.removeprefix(".") or "the file"


def _step(key: str) -> str:
    return key if key.isprintable() and len(key) <= _MAXIMUM_KEY_SHOWN else shown(key)
