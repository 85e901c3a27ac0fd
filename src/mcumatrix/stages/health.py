"""Health: what an image of which the answer and the cycles are known tells of a unit of a board.

A wrong answer, or none, means that the unit is not fit. Other cycles than before mean that it drifts: it is
used all the same, and people are told.
"""

from collections.abc import Sequence
from statistics import median

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Record, Status

HISTORY = 20
"""As many results of a unit, its oldest ones, say what is usual for it: it is held against how it was at
first, so that a slow drift is seen too."""

_MINIMUM_HISTORY = 5
"""Fewer results of hardware say nothing about what is usual."""

_NEGLIGIBLE = 0.005
"""A share of the cycles by which hardware may differ whatever its history says, for caches and refreshes."""

_DEVIATIONS = 6
"""Of a normal distribution, one in 500 million is as many standard deviations away from its middle."""

_MAD_TO_SIGMA = 1.4826
"""From the median absolute deviation to the standard deviation, for a normal distribution."""


def cycles_of(record: Record) -> float | None:
    """The cycles of a test that was passed; None for others."""
    if record.status is not Status.OK or record.measurement is None:
        return None
    return median(record.measurement.total_cycles)


def is_of_unit(record: Record, other: Record) -> bool:
    """Whether two tests were on the same unit: of hardware, that with the same probe."""
    ours, theirs = record.provenance, other.provenance
    if (ours.board, ours.kind) != (theirs.board, theirs.kind):
        return False
    if ours.kind is BoardKind.VIRTUAL:
        return ours.unit == theirs.unit
    return bool(record.flashed and other.flashed and record.flashed.probe == other.flashed.probe)


def drift_of(record: Record, earlier: Sequence[Record]) -> str:
    """How the cycles of a test differ from what is usual for its unit, as a sentence; empty if they do not.

    `earlier` are the tests with the same image, oldest first; those of other units do not count. A virtual
    board is deterministic, so that one result says all; hardware has a range.
    """
    cycles = cycles_of(record)
    usual = [found for one in earlier if is_of_unit(record, one) and (found := cycles_of(one)) is not None]
    del usual[HISTORY:]
    is_exact = record.provenance.kind is BoardKind.VIRTUAL
    if cycles is None or len(usual) < (1 if is_exact else _MINIMUM_HISTORY):
        return ""
    middle = median(usual)
    deviation = median(abs(one - middle) for one in usual) * _MAD_TO_SIGMA
    allowed = 0.0 if is_exact else max(_NEGLIGIBLE * middle, _DEVIATIONS * deviation)
    if abs(cycles - middle) <= allowed:
        return ""
    # Between the two: the sign says which way it went.
    share = (cycles - middle) / middle * 100
    return (
        f"the image that tests it took {cycles:.0f} cycles and took {middle:.0f} at first, the median of "
        f"{len(usual)}: {share:+.2f} %"
    )
