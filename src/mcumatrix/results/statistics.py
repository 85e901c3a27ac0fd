"""Few numbers from many repeats in some runs, and whether two sets of them differ.

Repeats of one run have more in common than with those of another: how warm it is, what was done before, in
which state caches and memory began. So runs are drawn first, and then repeats of each run that was drawn
(Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). To draw from all repeats
alike would pretend that there were more samples than there are.

Intervals are those of a percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13) with a fixed seed, so that the same records give the same report. Where many layers are looked at,
some would differ by chance: Holm's procedure (Scandinavian Journal of Statistics 6, 1979) corrects for that.

Accuracies are shares of samples, each right or wrong, and have an interval of their own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

CONFIDENCE = 0.95

MINIMUM_SAMPLES = 6
"""With fewer samples no interval of the median holds 95 % of the time: between the smallest and the largest
of n it lies with probability 1 - 2 * 0.5**n, which is 93.8 % for 5 and 96.9 % for 6. The runs are samples, or
the repeats where there is one run only: the interval then says nothing about another run."""

_RESAMPLES = 4_000
_AT_ONCE = 4_000_000
"""As many numbers are drawn at once, for memory's sake."""
_SEED = 20_200_416


@dataclass(frozen=True, slots=True)
class Summary:
    """Smallest, middle and largest of some repeats, in core clock cycles; the middle one may end in .5."""

    cycles_min: int
    cycles_median: float
    cycles_max: int


def summarise(cycles: Sequence[int]) -> Summary:
    """Summary of at least one repeat."""
    return Summary(min(cycles), median(cycles), max(cycles))


@dataclass(frozen=True, slots=True)
class Interval:
    """Between these a number lies with `CONFIDENCE`, in its own unit."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the median of one set of repeats is from that of another: the interval, and its p-value."""

    interval: Interval
    p_value: float


Runs = Sequence[Sequence[float]]
"""The repeats of each run, as many in every one."""


def has_enough(runs: Runs) -> bool:
    """Whether there are enough samples to say anything about their median."""
    return len(runs[0] if len(runs) == 1 else runs) >= MINIMUM_SAMPLES


def median_interval(runs: Runs) -> Interval | None:
    """The interval of the median over all repeats; None for fewer samples than say anything about it."""
    return _interval(_medians(runs, _SEED, _RESAMPLES)) if has_enough(runs) else None


def shift(base: Runs, candidate: Runs, looked_at: int = 1) -> Shift | None:
    """Candidate minus base, of the medians; None where one of them has too few samples.

    The p-value is the share of resamples on the other side of zero, twice, as an interval that just holds
    zero would have it. `looked_at` is how many shifts are looked at together, such as the layers of a
    network: so many resamples are drawn that `holm` accepts the smallest p-value that there can be.
    """
    if not has_enough(base) or not has_enough(candidate):
        return None
    resamples = max(_RESAMPLES, math.ceil(2 * looked_at / (1 - CONFIDENCE)))
    moved = _medians(candidate, _SEED, resamples) - _medians(base, _SEED + 1, resamples)
    beyond = min(int((moved <= 0).sum()), int((moved >= 0).sum()))
    return Shift(_interval(moved), min(1.0, 2 * (beyond + 1) / (resamples + 1)))


def holm(p_values: Sequence[float]) -> tuple[bool, ...]:
    """Which of several differences may be called so, such that all are right with `CONFIDENCE`."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    accepted = [False] * len(p_values)
    for rank, index in enumerate(order):
        if p_values[index] > (1 - CONFIDENCE) / (len(p_values) - rank):
            break
        accepted[index] = True
    return tuple(accepted)


def _medians(
    runs: Runs, seed: int, resamples: int
) -> "numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]":
    import numpy

    generator = numpy.random.default_rng(seed)
    cycles = numpy.asarray(runs, float)
    number, repeats = cycles.shape
    at_once = max(1, _AT_ONCE // cycles.size)
    medians = []
    for start in range(0, resamples, at_once):
        size = (min(at_once, resamples - start), number)
        # Runs, and then repeats of each of them.
        drawn = generator.integers(number, size=size) if number > 1 else numpy.zeros(size, int)
        found = cycles[drawn[:, :, None], generator.integers(repeats, size=(*size, repeats))]
        medians.append(numpy.median(found.reshape(size[0], -1), axis=1))
    joined: numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]] = numpy.concatenate(medians)
    return joined


def _interval(values: "numpy.ndarray[tuple[int], numpy.dtype[numpy.float64]]") -> Interval:
    import numpy

    tail = (1 - CONFIDENCE) / 2
    low, high = numpy.quantile(values, (tail, 1 - tail))
    return Interval(float(low), float(high))


def share_interval(successes: int, samples: int) -> Interval:
    """Where the share of which `successes` of at least one sample are an estimate lies, from 0 to 1.

    Wilson's score interval (Journal of the American Statistical Association 22, 1927), which holds for few
    samples and for shares near 0 and 1 too (Brown, Cai and DasGupta, Statistical Science 16, 2001).
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, spread = successes / samples, z * z / samples
    middle = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    # It holds the share; rounding may say otherwise where none or all are right.
    return Interval(
        max(0.0, min(share, (middle - half) / (1 + spread))),
        min(1.0, max(share, (middle + half) / (1 + spread))),
    )
