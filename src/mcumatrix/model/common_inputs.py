"""What many things of a kind are made from alike: images that differ in their clock alone, and their runs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mcumatrix.hashing import Part, canonical
from mcumatrix.model.inputs import Inputs

_HERE = "\0the one that differs\0"
"""Stands for the input that differs, where all the rest is encoded. None is called so."""


@dataclass(frozen=True)
class CommonInputs:
    """The inputs of things of a kind, and `name`, that of the one input in which they differ.

    All but that one is kept once and encoded once.
    """

    kind: str
    parts: Mapping[str, Part]
    name: str

    @cached_property
    def around(self) -> tuple[bytes, bytes]:
        """What stands before and behind the differing input in `Inputs.data`."""
        whole = canonical(self.kind, {**self.parts, self.name: _HERE})
        before, after = whole.split(json.dumps(_HERE).encode())
        return before, after

    def with_one(self, value: str | int) -> Inputs:
        """All inputs of one of them: `value` is that in which it differs from the others."""
        return _InputsOfOne(self.kind, _Parts(self, value))


@dataclass(frozen=True, slots=True, eq=False)
class _Parts(Mapping[str, Part]):
    common: CommonInputs
    value: str | int

    def __getitem__(self, name: str) -> Part:
        return self.value if name == self.common.name else self.common.parts[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.common.parts
        yield self.common.name

    def __len__(self) -> int:
        return len(self.common.parts) + 1


@dataclass(frozen=True, slots=True)
class _InputsOfOne(Inputs):
    parts: _Parts

    @property
    def data(self) -> bytes:
        before, after = self.parts.common.around
        return b"".join((before, json.dumps(self.parts.value).encode(), after))
