"""Reads FlatBuffers in place: tables with their fields by number, vectors, strings.

How they lie in a file: https://flatbuffers.dev/internals. Not by the package flatbuffers, which loads NumPy
when it is imported: that would take longer than all else that most commands do with a model.
"""

import struct
from typing import Self

BROKEN = (struct.error, IndexError, ValueError, OverflowError)
"""What is raised where an offset leads nowhere, a vector is longer than the file, or a text is no UTF-8."""


class Table:
    """A table in a file. Its fields have the numbers of their places in the schema, from 0 on.

    A field that is not there has its default; one that is damaged raises one of `BROKEN`.
    """

    __slots__ = ("_at", "_data", "_fields")

    def __init__(self, data: bytes, at: int) -> None:
        """`at` is where it begins: with how far before it the table of its fields is."""
        self._data, self._at = data, at
        vtable = at - _read("i", data, at)
        size_bytes = _read("H", data, vtable)
        # One that ends in the middle of a place has that place, to other readers too.
        self._fields = _read_many("H", data, vtable + 4, (max(size_bytes, 4) - 3) // 2)

    @classmethod
    def root(cls, data: bytes) -> Self:
        """The table that a file is."""
        return cls(data, _read("I", data, 0))

    def number(self, field: int, code: str, default: int = 0) -> int:
        """A whole number; `code` is its type as `struct` has it, such as "b" for a byte."""
        at = self._place(field)
        return default if at is None else int(_read(code, self._data, at))

    def real(self, field: int) -> float:
        """A float32; 0 if it is not there."""
        at = self._place(field)
        return 0.0 if at is None else float(_read("f", self._data, at))

    def table(self, field: int) -> Self | None:
        """A table that the field refers to, or whatever is in a union."""
        at = self._place(field)
        return None if at is None else type(self)(self._data, self._referred(at))

    def tables(self, field: int) -> tuple[Self, ...]:
        """A vector of tables; empty if it is not there."""
        at, count = self._vector(field)
        places = range(at, at + 4 * self._counted(count, at, 4), 4)
        return tuple(type(self)(self._data, self._referred(place)) for place in places)

    def numbers(self, field: int, code: str) -> tuple[int, ...]:
        """A vector of numbers of a type as `struct` has it; empty if it is not there."""
        at, count = self._vector(field)
        return _read_many(code, self._data, at, self._counted(count, at, struct.calcsize(f"<{code}")))

    def reals(self, field: int) -> tuple[float, ...]:
        """A vector of float32."""
        return self.numbers(field, "f")

    def contents(self, field: int) -> bytes:
        """A vector of bytes."""
        at, count = self._vector(field)
        return self._data[at : at + self._counted(count, at, 1)]

    def text(self, field: int) -> str:
        """A string."""
        return self.contents(field).decode()

    def _place(self, field: int) -> int | None:
        """Where a field is; None if it is not there."""
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._at + offset if offset else None

    def _referred(self, at: int) -> int:
        return at + int(_read("I", self._data, at))

    def _vector(self, field: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many it says that it has."""
        at = self._place(field)
        if at is None:
            return 0, 0
        begin = self._referred(at)
        return begin + 4, _read("I", self._data, begin)

    def _counted(self, count: int, at: int, size_bytes: int) -> int:
        """How many elements a vector has, if the file has room for them."""
        if at + count * size_bytes > len(self._data):
            raise IndexError(count)
        return count


def _read(code: str, data: bytes, at: int) -> int:
    (number,) = _read_many(code, data, at, 1)
    return number


def _read_many(code: str, data: bytes, at: int, count: int) -> tuple[int, ...]:
    if at < 0:  # to struct, that is from the end on
        raise IndexError(at)
    return struct.unpack_from(f"<{count}{code}", data, at)
