"""Where a series of runs changed its level.

On a deterministic board every change is one. Elsewhere runs scatter, and are few: series are divided in two
where the means differ most, and each part again (binary segmentation; Vostrikova, Soviet Mathematics
Doklady 24, 1981). A division counts only if shuffled runs seldom have one as large: a permutation test, as
Matteson and James have it (Journal of the American Statistical Association 109, 2014). That holds for few
runs and any scatter; the libraries for long series take a penalty instead, which few runs do not tell.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

    Series = numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]
    Shuffled = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float64]]

MINIMUM_RUNS = 8
"""Of fewer, no order is rare enough to be called a change: four and four come so by chance in 1 of 35."""

_ALPHA = 0.05
_PERMUTATIONS = 1_999
_SEED = 20_200_416


def every_change(values: Sequence[float]) -> tuple[int, ...]:
    """The places of values that are not the one before: for boards whose times do not scatter."""
    return tuple(place for place in range(1, len(values)) if values[place] != values[place - 1])


def change_points(values: Sequence[float], looked_at: int = 1) -> tuple[int, ...]:
    """The places at which a new level begins, in their order; none for fewer than `MINIMUM_RUNS` values.

    `looked_at` is how many series are looked at, such as the layers of a network: with 95 % confidence, none
    of them is said to change that does not (Bonferroni). The more there are, the more often runs are
    shuffled: what never came by chance has only shown to be as rare as that.
    """
    import numpy

    return tuple(sorted(_places(numpy.asarray(values, float), 0, _ALPHA / looked_at)))


def _places(values: "Series", start: int, alpha: float) -> Iterator[int]:
    import numpy

    if len(values) < MINIMUM_RUNS:
        return
    permutations = max(_PERMUTATIONS, math.ceil(1 / alpha))
    shuffled = numpy.tile(values, (permutations, 1))
    shuffled = numpy.random.default_rng(_SEED).permuted(shuffled, axis=1)
    found = _divisions(values[numpy.newaxis])[0]
    by_chance = _divisions(shuffled).max(axis=1)
    largest = float(found.max())
    if not largest or (int((by_chance >= largest).sum()) + 1) / (permutations + 1) > alpha:
        return
    place = int(found.argmax()) + 1
    yield start + place
    yield from _places(values[:place], start, alpha)
    yield from _places(values[place:], start + place, alpha)


def _divisions(rows: "Shuffled") -> "Shuffled":
    """For each row, by places from 1 on, how far apart the means before and after are, for their numbers."""
    import numpy

    runs = rows.shape[1]
    before = numpy.arange(1, runs)
    sums = rows.cumsum(axis=1)
    apart = sums[:, :-1] / before - (sums[:, -1:] - sums[:, :-1]) / (runs - before)
    weighted: Shuffled = numpy.abs(apart) * numpy.sqrt(before * (runs - before) / runs)
    return weighted.round(12)
