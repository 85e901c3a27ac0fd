"""Few numbers from many repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Summary:
    """Smallest, middle and largest of some repeats, in core clock cycles; the middle one may end in .5."""

    cycles_min: int
    cycles_median: float
    cycles_max: int


def summarise(cycles: Sequence[int]) -> Summary:
    """Summary of at least one repeat."""
    return Summary(min(cycles), median(cycles), max(cycles))
