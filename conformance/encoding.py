"""Encodings as the Armv7-M Architecture Reference Manual prints them: patterns of 16 or 32 characters.

0 and 1 are fixed, a letter is a field; a letter that comes twice is one field in two parts, the first part
on top. `d n m a t u h l` are core registers, `c` is a copy of `m`; every other letter may have any value
that `allowed` admits. What the manual calls UNPREDICTABLE is not made: neither implementation would be wrong.
"""

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

LOW_REGISTERS: tuple[int, ...] = tuple(range(8))
REGISTERS: tuple[int, ...] = (*range(13), 14)
"""What instructions may use: not SP, which the driver needs, and not PC."""
CORE_FIELDS = "dnmatuhl"

Allowed = Callable[[Mapping[str, int]], bool]


@dataclass(frozen=True)
class Encoding:
    """One encoding of an instruction. `in_it` says whether it may stand in an IT block."""

    name: str
    pattern: str
    allowed: Allowed | None = None
    in_it: bool = True

    @cached_property
    def bits(self) -> str:
        """The pattern without spaces."""
        return self.pattern.replace(" ", "")

    @cached_property
    def fields(self) -> dict[str, tuple[int, ...]]:
        """For each letter the numbers of its bits, the top one first."""
        found: dict[str, list[int]] = {}
        for position, letter in enumerate(self.bits):
            if letter not in "01":
                found.setdefault(letter, []).append(len(self.bits) - 1 - position)
        return {letter: tuple(places) for letter, places in found.items()}

    @cached_property
    def _fixed(self) -> int:
        return int("".join(bit if bit in "01" else "0" for bit in self.bits), 2)

    def encode(self, values: Mapping[str, int]) -> bytes:
        """The bytes of the instruction; `values` has every field but `c`."""
        word = self._fixed
        for letter, places in self.fields.items():
            value: int = values["m" if letter == "c" else letter]
            for place in reversed(places):
                word |= (value & 1) << place
                value >>= 1
        if len(self.bits) == 16:
            return struct.pack("<H", word)
        return struct.pack("<2H", word >> 16, word & 0xFFFF)

    def random_values(self, source: random.Random, fixed: Mapping[str, int] | None = None) -> dict[str, int]:
        """Values for all fields, as `allowed` has it, with some of them given."""
        fixed = fixed or {}
        while True:
            values = {
                letter: fixed[letter] if letter in fixed else self._random_field(source, letter, len(places))
                for letter, places in self.fields.items()
            }
            if self.allowed is None or self.allowed(values):
                return values

    def _random_field(self, source: random.Random, letter: str, width: int) -> int:
        if letter in CORE_FIELDS:
            return source.choice(REGISTERS if width == 4 else LOW_REGISTERS)
        return source.getrandbits(width)

    def random(self, source: random.Random) -> bytes:
        """The bytes of the instruction with fields at random."""
        return self.encode(self.random_values(source))
