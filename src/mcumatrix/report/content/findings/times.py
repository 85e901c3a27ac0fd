"""Findings about times: those of records and those that others printed."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from mcumatrix.model.axes import BUILTIN
from mcumatrix.model.comparison import Comparison
from mcumatrix.model.record import Measurement
from mcumatrix.report.content.comparisons import Pair, Verdict, pairs
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.switches import name_of
from mcumatrix.report.content.tables import Case
from mcumatrix.report.content.timings import HARDWARE, Timing
from mcumatrix.units import parse_frequency_hz

_SCALING_TOLERANCE = 0.05
"""Flash and SDRAM have times of their own, so that time and clock are not exactly proportional."""

_MOST_BETWEEN = 0.10
"""More of the whole time than this between the layers is not what layers are measured for."""

_MINIMUM_REPEATS = 3


def clock_scaling(timings: Sequence[Timing]) -> Iterator[Finding]:
    """Cases that differ in the clock alone, and whose times are not as their clocks are."""
    for pair in pairs(timings, Comparison("clock")):
        if pair.refused or not pair.total.base_msec:
            continue
        try:
            expected = parse_frequency_hz(pair.base) / parse_frequency_hz(pair.candidate)
        except ValueError:
            continue
        found = pair.total.candidate_msec / pair.total.base_msec
        if abs(found / expected - 1) > _SCALING_TOLERANCE:
            yield Finding(
                Check.CLOCK_SCALING,
                f"{pair.labels}: time does not scale with the clock. "
                f"{pair.candidate} should take {expected:.2f} of the time of {pair.base}, "
                f"and takes {found:.2f}.",
                (f"total {pair.total.base_msec:.3f} and {pair.total.candidate_msec:.3f} msec",),
            )


def small_effect(members: Sequence[Pair], largest: float) -> Finding | None:
    """A switch that did something to no layer; `largest` is its largest change of one, as a share."""
    if all(d.verdict is Verdict.SAME for pair in members for d in pair.differences):
        return None  # those are said by `no_effect`, with their cycles
    labels = ", ".join(pair.labels for pair in members)
    changed_more = any(
        difference.verdict is Verdict.DIFFERENT and abs(difference.relative or 0) > largest
        for pair in members
        for difference in pair.differences
    )
    but = ", except those that take next to no time" if changed_more else ""
    return Finding(
        Check.NO_EFFECT,
        f"{name_of(members[0])} changed no layer by more than {largest * 100:.1f} %{but}: it is not used, or "
        f"does nothing here ({labels}).",
    )


def no_effect(cases: Sequence[Case]) -> Iterator[Finding]:
    """Cases that differ in one axis only and have the same cycles in every layer of every repeat."""
    for axis, members in _differing_in_one_axis(cases):
        if axis in BUILTIN and BUILTIN[axis].keeps_cycles:
            continue
        groups: dict[object, list[Case]] = {}
        for case in members:
            assert case.record is not None and case.record.measurement is not None
            groups.setdefault(_cycles(case.record.measurement), []).append(case)
        for same in groups.values():
            if len(same) > 1:
                values = ", ".join(f"{case.axes[axis]} {case.label}" for case in same)
                yield Finding(
                    Check.NO_EFFECT, f"{axis} has no effect: {values} have the same cycles in every layer."
                )


def _cycles(measurement: Measurement) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((layer.op, layer.cycles) for layer in measurement.layers)


def _differing_in_one_axis(cases: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    measured = [case for case in cases if case.is_measured]
    for axis in dict.fromkeys(name for case in measured for name in case.axes):

        def rest(case: Case, axis: str = axis) -> tuple[tuple[str, str], ...]:
            return tuple((name, value) for name, value in case.axes.items() if name != axis)

        for _, group in groupby(sorted(measured, key=rest), key=rest):
            members = list(group)
            if len(members) > 1:
                yield axis, members


def zero_time(timings: Sequence[Timing]) -> Iterator[Finding]:
    """Layers that took no time: nobody measured them, or their digits were rounded away."""
    for timing in timings:
        zero = [f"{index}, {row.op}" for index, row in enumerate(timing.layers) if not all(row.msec)]
        if zero:
            layers = f"layer {zero[0]}, takes" if len(zero) == 1 else f"{len(zero)} layers take"
            yield Finding(
                Check.ZERO_TIME,
                f"{timing.label}: {layers} no time at all.",
                tuple(f"layer {layer}: 0 msec" for layer in zero),
            )


def constant_time(timings: Sequence[Timing]) -> Iterator[Finding]:
    """Times that are too regular: all layers alike, or hardware that never differs by a cycle.

    The latter is no proof: a core without caches, whose interrupts are off, may repeat itself.
    """
    for timing in timings:
        medians = {row.median_msec for row in timing.layers}
        if len(timing.layers) > 2 and len(medians) == 1:
            yield Finding(
                Check.CONSTANT_TIME,
                f"{timing.label}: all {len(timing.layers)} layers take {medians.pop():.3f} msec: "
                "something else was measured.",
            )
        repeats = len(timing.total.msec)
        if (
            timing.kind == HARDWARE
            and repeats >= _MINIMUM_REPEATS
            and len(timing.layers) > 1
            and all(len(set(row.msec)) == 1 for row in timing.rows)
        ):
            yield Finding(
                Check.CONSTANT_TIME,
                f"{timing.label}: {repeats} repeats on hardware are the same to the cycle in every layer, "
                "which is rare where there are caches or interrupts: look whether one was copied.",
            )


def too_fast(cases: Sequence[Case]) -> Iterator[Finding]:
    """Layers that took fewer cycles than their arithmetic needs: something else was measured, or not all."""
    for case in cases:
        if not case.is_measured:
            continue
        assert case.record is not None and case.record.measurement is not None
        layers = _without_reshapes([(layer.op, layer.cycles) for layer in case.record.measurement.layers])
        least = _without_reshapes(case.least_cycles)
        if [op for op, _ in layers] != [op for op, _ in least]:
            continue  # a network whose layers are not known, or a runtime that joins some
        found = [
            f"{op}: {min(cycles)} cycles, and its multiplications alone take {bound:.0f}"
            for (op, cycles), (_, bound) in zip(layers, least, strict=True)
            if min(cycles) < bound
        ]
        if found:
            some = "1 layer takes" if len(found) == 1 else f"{len(found)} layers take"
            yield Finding(
                Check.TOO_FAST,
                f"{case.label}: {some} less time than the arithmetic on this core: not all of it was "
                "computed, or something else was measured.",
                tuple(found),
            )


_Valued = TypeVar("_Valued")


def _without_reshapes(layers: Iterable[tuple[str, _Valued]]) -> list[tuple[str, _Valued]]:
    """A RESHAPE moves nothing: runtimes leave it out, or not."""
    return [layer for layer in layers if layer[0] != "RESHAPE"]


def sums(timings: Sequence[Timing]) -> Iterator[Finding]:
    """Layers that do not add up to the total, beyond what rounding and the time between layers explain.

    Each repeat adds up by itself, and its medians need not: those of the layers may be of different repeats.
    A publication may have totals alone.
    """
    for timing in timings:
        rounding = timing.total.half_unit_msec + sum(row.half_unit_msec for row in timing.layers)
        for total, *parts in zip(timing.total.msec, *(row.msec for row in timing.layers), strict=True):
            layers = sum(parts)
            between = total * _MOST_BETWEEN if timing.between else 0.0
            if parts and not -rounding - 1e-9 <= total - layers <= rounding + between + 1e-9:
                yield Finding(
                    Check.SUM,
                    f"{timing.label}: the layers add up to {layers:.3f} msec, and the total is {total:.3f}.",
                )
                break
