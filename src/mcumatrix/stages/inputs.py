"""Inputs of two results side by side: which file, flag or compiler is not the same."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mcumatrix.hashing import Part
from mcumatrix.model.bounds import is_sha256
from mcumatrix.model.inputs import Inputs

Find = Callable[[str], Inputs | None]
"""The inputs of a fingerprint, where they are known."""

_SOURCES, _TREES, _INPUT, _TOOLCHAIN = "sources", "trees", "input", "toolchain"

_WORDS = {_TOOLCHAIN: "the compiler", "model": "the model", "golden": "the golden answers"}
"""Names of inputs that are hashes, for people."""


@dataclass(frozen=True, slots=True)
class InputDifference:
    """An input that is not the same; where both are hashes of contents, there is nothing more to say."""

    name: str
    theirs: str
    ours: str

    @property
    def is_compiler(self) -> bool:
        """Whether it is the compiler, of which there is more to say than a hash."""
        return self.name == _WORDS[_TOOLCHAIN]

    def __str__(self) -> str:
        if not self.ours:
            return f"{self.name} is only there"
        if not self.theirs:
            return f"{self.name} is only here"
        if all(map(is_sha256, (*self.theirs.split(), *self.ours.split()))):
            return self.name
        return f"{self.name}: {self.theirs} there, {self.ours} here"


def input_differences(theirs: Inputs, ours: Inputs, find: Find) -> tuple[InputDifference, ...]:
    """What is not the same in the inputs of two stages, in those that went into them too, each once.

    What `find` does not know is compared by its fingerprint.
    """
    there, here = dict(_leaves(theirs, find)), dict(_leaves(ours, find))
    differing = (
        InputDifference(name, there.get(name, ""), here.get(name, ""))
        for name in dict.fromkeys((*there, *here))
        if there.get(name) != here.get(name)
    )
    return tuple(differing)


def with_all(inputs: Inputs, find: Find) -> tuple[Inputs, ...]:
    """The inputs of a stage and of all stages before it that are known, each once, the last stage first."""
    found = {inputs.fingerprint: inputs}
    waiting = [inputs]
    while waiting:
        for text in _texts(waiting.pop().parts):
            if is_sha256(text) and text not in found and (made := find(text)) is not None:
                found[text] = made
                waiting.append(made)
    return tuple(found.values())


def _texts(part: Part) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for inner in part.values():
            yield from _texts(inner)
    elif part is not None and not isinstance(part, int):
        for inner in part:
            yield from _texts(inner)


def _leaves(inputs: Inputs, find: Find) -> Iterator[tuple[str, str]]:
    """Names that people know, and values; those of what went in come first."""
    for key, part in inputs.parts.items():
        yield from _of_part((key,), part, find)


def _of_part(path: tuple[str, ...], part: Part, find: Find) -> Iterator[tuple[str, str]]:
    if isinstance(part, Mapping):
        for key, inner in part.items():
            yield from _of_part((*path, key), inner, find)
    elif isinstance(part, str) and is_sha256(part) and (made := find(part)) is not None:
        yield from _leaves(made, find)
    elif part is None or isinstance(part, str | int):
        yield _name(path), "" if part is None else str(part)
    else:
        members = list(part)
        known = [find(member) if isinstance(member, str) else None for member in members]
        for made in filter(None, known):
            yield from _leaves(made, find)
        words = [str(member) for member, made in zip(members, known, strict=True) if made is None]
        if words or not members:
            yield _name(path), " ".join(words) or "none"


def _name(path: tuple[str, ...]) -> str:
    head, *rest = path
    if head == _SOURCES:
        return f"firmware/{'/'.join(rest)}"
    if head == _INPUT:
        return f"{rest[-1]} of the input"
    if head == _TREES:
        return f"the code of {'/'.join(rest)}"
    if len(path) == 1:
        return _WORDS.get(head, head.replace("_", " "))
    return rest[-1]
