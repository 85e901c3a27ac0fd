"""What of an image lies where, and whether its caches are on, as far as a matrix may choose it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mcumatrix.model.chip import Region


class Part(StrEnum):
    """What of an image has a place, and its caches; the words are those of a family's places.json."""

    CODE = "code"
    WEIGHTS = "weights"
    ARENA = "arena"
    STACK = "stack"
    CACHE = "cache"

    @property
    def whose(self) -> str:
        """As a sentence names it."""
        return "code of kernels" if self is Part.CODE else self.value


PLACED = (Part.CODE, Part.WEIGHTS, Part.ARENA, Part.STACK)
"""What the axis `placement` sets; its neighbour `cache` sets the rest."""

Choice = tuple[Part, str]
"""A part and where it lies; of the caches, whether they are on."""


@dataclass(frozen=True, slots=True)
class Layouts:
    """What can be chosen on a chip: of each part its values, first the one that holds if none is chosen.

    `regions` are the memories behind the places. A part that has no values is the same in every image.
    """

    values: tuple[tuple[Part, tuple[str, ...]], ...] = ()
    regions: tuple[tuple[str, Region], ...] = ()

    def of(self, part: Part) -> tuple[str, ...]:
        """The values of a part."""
        return dict(self.values).get(part, ())

    def region(self, place: str) -> Region:
        """The memory of a place. Raises KeyError."""
        return dict(self.regions)[place]

    def refusal(self, part: Part, value: str) -> str:
        """Why a board with the chip cannot have a choice, as in `has no ...`; empty where it can."""
        values = self.of(part)
        if value in values:
            return ""
        if part is Part.CACHE:
            # Nothing to switch off is as good as off.
            return "" if value == "off" else "has no caches"
        if not values:
            return f"does not let a matrix choose where the {part.whose} lies"
        return f"cannot have the {part.whose} in {value}; it can be in {_listed(values)}"

    def chosen(self, choices: tuple[Choice, ...]) -> Iterator[Choice]:
        """Of some choices those that change an image: the others hold in any case."""
        for part, value in choices:
            values = self.of(part)
            if values and value != values[0]:
                yield part, value


def _listed(values: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))
