"""A variant in the making."""

from collections.abc import Iterable
from dataclasses import dataclass

from mcumatrix.matrix.document import Place
from mcumatrix.model.variant import Expectation

Point = dict[str, str]
"""Axis to value, as people write it."""

SLUG_SEPARATOR = "_"
_PASSES = Expectation()


@dataclass(slots=True)
class Draft:
    """A variant that the steps of an expansion still add to; `place` is what in the file made it."""

    point: Point
    place: Place
    repeat: int
    warmup: int
    expect: Expectation = _PASSES

    def slug(self, axes: Iterable[str]) -> str:
        """The values of those of `axes` that the variant has, without spaces."""
        point = self.point
        return SLUG_SEPARATOR.join(point[axis].replace(" ", "") for axis in axes if axis in point)


def has_all(point: Point, match: Point) -> bool:
    """Whether a point has every value of a partial match."""
    return all(point.get(axis) == value for axis, value in match.items())
