"""Which comparisons a report leads with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values of an axis against each other; `base` is the one that the others are compared with, if any."""

    axis: str
    base: str = ""
