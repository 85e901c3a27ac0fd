"""Which comparisons a report leads with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values of an axis against each other, each two of them, or all with one.

    `base` is the old one where it is one of two; where it is `base_alone`, only pairs with it are meant.
    """

    axis: str
    base: str = ""
    base_alone: bool = False
