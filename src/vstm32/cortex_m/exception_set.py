"""Sets of exceptions that Python and the hooks in C share, as bits."""

from collections.abc import Iterable, Iterator, MutableSet
from typing import Any


class ExceptionSet(MutableSet[int]):
    """Numbers, each a bit of `struct exceptions`; with `first`, number n is the bit `first + n`."""

    def __init__(self, words: Any, first: int = 0) -> None:
        """`words` are `uint64_t[EXCEPTION_WORDS]` of C."""
        self._words = words
        self._first = first

    @classmethod
    def _from_iterable(cls, numbers: Iterable[int]) -> set[int]:  # type: ignore[override]
        return set(numbers)

    def _place(self, number: int) -> tuple[int, int]:
        return divmod(self._first + number, 64)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        word, bit = self._place(number)
        return bool(self._words[word] >> bit & 1)

    def __iter__(self) -> Iterator[int]:
        for word, bits in enumerate(list(self._words)):
            for bit in range(bits.bit_length()):
                if bits >> bit & 1:
                    yield 64 * word + bit - self._first

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._words)

    def add(self, number: int) -> None:
        """Puts a number in."""
        word, bit = self._place(number)
        self._words[word] |= 1 << bit

    def discard(self, number: int) -> None:
        """Takes a number out."""
        word, bit = self._place(number)
        self._words[word] &= ~(1 << bit) & 0xFFFF_FFFF_FFFF_FFFF

    def replace(self, numbers: Iterable[int]) -> None:
        """Has these numbers and no other."""
        self.clear()
        self |= set(numbers)

    def clear(self) -> None:
        """Takes all out."""
        self._words[0 : len(self._words)] = [0] * len(self._words)
