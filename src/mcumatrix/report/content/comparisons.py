"""Two values of an axis against each other, layer by layer, for each setting of the other axes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from mcumatrix.model.comparison import Comparison
from mcumatrix.report.content.comparable import Refusal, differing_conditions, refusal
from mcumatrix.report.content.tables import NO_VALUE, Part, Table
from mcumatrix.report.content.timings import Row, Timing
from mcumatrix.results.statistics import Interval, Shift, holm, shift

MAXIMUM_VALUES = 6
"""Of an axis with more values, each is compared with the first: each with each would be too many to read."""

_ALMOST_NOTHING = 1e-9
"""msec: less than a cycle of any clock, and more than the errors of binary fractions."""


class Verdict(StrEnum):
    """Whether a difference is one."""

    DIFFERENT = "different"
    SAME = "same"
    WITHIN_ROUNDING = "within rounding"
    NOT_SURE = "not sure"


@dataclass(frozen=True, slots=True)
class Difference:
    """One layer of two cases: medians in msec. `interval` is that of the difference, where repeats say it."""

    op: str
    base_msec: float
    candidate_msec: float
    verdict: Verdict
    interval: Interval | None = None

    @property
    def diff_msec(self) -> float:
        """New minus old: positive where the candidate is slower."""
        return self.candidate_msec - self.base_msec

    @property
    def relative(self) -> float | None:
        """The difference as a share of the base; None where the base took no time."""
        return self.diff_msec / self.base_msec if self.base_msec else None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cases that differ in one axis alone.

    `setting` has the other axes. `differing` is what is not the same besides, and `refused` why there are no
    differences, where there are none. The last difference is that of the total.
    """

    axis: str
    base: str
    candidate: str
    base_label: str
    candidate_label: str
    setting: Mapping[str, str]
    differing: tuple[str, ...]
    refused: Refusal | None
    differences: tuple[Difference, ...]
    deterministic: bool

    @property
    def labels(self) -> str:
        """Its cases, as in "[1] to [3]"."""
        return f"{self.base_label} to {self.candidate_label}"

    @property
    def total(self) -> Difference:
        """The difference of the whole inference."""
        return self.differences[-1]

    @property
    def table(self) -> Table:
        """As the article has it, new minus old, and relative; with intervals where there are any."""
        table = self.table_of(self.base, self.candidate)
        if not any(difference.interval for difference in self.differences):
            return table
        return Table(
            (*table.header, "95 % interval (msec)"),
            tuple(
                (*cells, _interval_text(difference))
                for cells, difference in zip(table.rows, self.differences, strict=True)
            ),
        )

    def table_of(self, base: str, candidate: str) -> Table:
        """New minus old, and relative, under these heads of the columns."""
        return Table(
            ("Layer", base, candidate, "diff (msec)", "diff (%)"), tuple(map(_cells, self.differences))
        )


def _cells(difference: Difference) -> tuple[str, ...]:
    return (
        difference.op,
        f"{difference.base_msec:.3f}",
        f"{difference.candidate_msec:.3f}",
        signed(difference.diff_msec, 3),
        percent(difference.relative),
    )


def _interval_text(difference: Difference) -> str:
    if difference.interval is None:
        return NO_VALUE
    text = f"{signed(difference.interval.low, 3)} to {signed(difference.interval.high, 3)}"
    return f"{text}, {difference.verdict}" if difference.verdict is Verdict.NOT_SURE else text


def percent(relative: float | None) -> str:
    """A share as percent with its sign: `+2.6`."""
    return NO_VALUE if relative is None else signed(relative * 100, 1)


def signed(number: float, digits: int) -> str:
    """A number with its sign, unless it is shown as zero."""
    text = f"{number:+.{digits}f}"
    return text.lstrip("+-") if not float(text) else text


def default_comparison(timings: Sequence[Timing]) -> tuple[Comparison, ...]:
    """What a report leads with where its matrix does not say: the first axis with several values."""
    axes = axes_with_several_values(timings)
    return (Comparison(axes[0]),) if axes else ()


def axes_with_several_values(timings: Sequence[Timing]) -> tuple[str, ...]:
    """In the order of the matrix."""
    names = dict.fromkeys(name for timing in timings for name in timing.axes)
    return tuple(name for name in names if len({timing.axes.get(name) for timing in timings}) > 1)


def pairs(timings: Sequence[Timing], wanted: Comparison) -> tuple[Pair, ...]:
    """All pairs that differ in an axis alone, by setting of the other axes; see `MAXIMUM_VALUES`."""
    return tuple(
        compare(base, candidate, wanted.axis)
        for setting in _settings(timings, wanted.axis)
        for base, candidate in _in_order(setting, wanted)
    )


def _settings(timings: Sequence[Timing], axis: str) -> Iterator[list[Timing]]:
    groups: dict[tuple[tuple[str, str], ...], list[Timing]] = {}
    for timing in timings:
        if axis in timing.axes:
            rest = tuple((name, value) for name, value in timing.axes.items() if name != axis)
            groups.setdefault(rest, []).append(timing)
    return iter(groups.values())


def _in_order(setting: Sequence[Timing], wanted: Comparison) -> Iterator[tuple[Timing, Timing]]:
    axis, first = wanted.axis, wanted.base
    # The base comes first, whatever the order of the matrix: a difference is new minus old.
    ordered = sorted(setting, key=lambda timing: timing.axes[axis] != first)
    alone = wanted.base_alone
    if len({timing.axes[axis] for timing in ordered}) > MAXIMUM_VALUES and not alone:
        first, alone = ordered[0].axes[axis], True
    for base, candidate in combinations(ordered, 2):
        if alone and base.axes[axis] != first:
            break
        if base.axes[axis] != candidate.axes[axis]:
            yield base, candidate


def compare(base: Timing, candidate: Timing, axis: str) -> Pair:
    """Two cases against each other, of which an axis has different values; refused where it would mislead."""
    refused = refusal(base, candidate)
    deterministic = base.deterministic and candidate.deterministic
    return Pair(
        axis=axis,
        base=base.axes.get(axis, base.label),
        candidate=candidate.axes.get(axis, candidate.label),
        base_label=base.label,
        candidate_label=candidate.label,
        setting={name: value for name, value in base.axes.items() if name != axis},
        differing=differing_conditions(base, candidate, (axis,)),
        refused=refused,
        differences=() if refused else _differences(base, candidate, deterministic=deterministic),
        deterministic=deterministic,
    )


@lru_cache(maxsize=2**14)
def _shift(base: Row, candidate: Row, looked_at: int) -> Shift | None:
    """Each part of a report that compares the same two cases asks for it, and it takes many samples."""
    return shift(base.by_run, candidate.by_run, looked_at)


def _differences(base: Timing, candidate: Timing, *, deterministic: bool) -> tuple[Difference, ...]:
    both = list(zip((*base.layers, base.total), (*candidate.layers, candidate.total), strict=True))
    shifts = [None if deterministic else _shift(ours, other, len(both)) for ours, other in both]
    known = [found for found in shifts if found]
    accepted = iter(holm([found.p_value for found in known]))
    found = []
    for (ours, other), moved in zip(both, shifts, strict=True):
        verdict = _plain_verdict(ours, other)
        if moved is not None and verdict is not Verdict.SAME:
            verdict = Verdict.DIFFERENT if next(accepted) else Verdict.NOT_SURE
        elif moved is not None:
            next(accepted)
        found.append(
            Difference(
                ours.op, ours.median_msec, other.median_msec, verdict, moved.interval if moved else None
            )
        )
    return tuple(found)


def _plain_verdict(ours: Row, other: Row) -> Verdict:
    apart = abs(ours.median_msec - other.median_msec)
    if apart < _ALMOST_NOTHING:
        return Verdict.SAME
    rounding = ours.half_unit_msec + other.half_unit_msec
    return Verdict.WITHIN_ROUNDING if apart <= rounding + _ALMOST_NOTHING else Verdict.DIFFERENT


@dataclass(frozen=True, slots=True)
class ComparisonPart:
    """A pair as a report shows it: what is compared, and what a reader has to know."""

    heading: str
    notes: tuple[str, ...]
    pair: Pair

    @property
    def table(self) -> Table | None:
        """The differences; made when it is shown, since of many pairs none is."""
        return self.pair.table if self.pair.differences else None


Compared = Mapping[Comparison, tuple[Pair, ...]]
"""All pairs of comparisons."""


def compared(timings: Sequence[Timing], leading: Sequence[Comparison]) -> Compared:
    """The comparisons that a report leads with, in their order."""
    return {wanted: pairs(timings, wanted) for wanted in leading}


def comparison_parts(timings: Sequence[Timing], leading: Compared) -> tuple[ComparisonPart, ...]:
    """One part for each pair of the comparisons that a report leads with."""
    varying = set(axes_with_several_values(timings))
    return tuple(
        ComparisonPart(
            heading=_heading(pair, varying),
            notes=tuple(_notes(pair)),
            pair=pair,
        )
        for members in leading.values()
        for pair in members
    )


MAXIMUM_LAYER_TABLES = 32
"""Pairs of which a report shows each layer; more have one row each, and their layers are in `report.json`."""


def total_tables(parts: Sequence[ComparisonPart]) -> tuple[Part, ...]:
    """One row for each pair, one table for each two values of an axis; none where each has its own table."""
    if len(parts) <= MAXIMUM_LAYER_TABLES:
        return ()
    groups: dict[tuple[str, str, str], list[ComparisonPart]] = {}
    for part in parts:
        groups.setdefault((part.pair.axis, part.pair.base, part.pair.candidate), []).append(part)
    return tuple(
        Part(f"{axis} {base} to {candidate}", _total_table([part.pair for part in members]))
        for (axis, base, candidate), members in groups.items()
    )


def _total_table(members: Sequence[Pair]) -> Table:
    varying = varying_settings(members)
    first, notes = members[0], [" ".join(_notes(pair)) for pair in members]
    besides = ("besides",) if any(notes) else ()
    return Table(
        ("Cases", *varying, first.base, first.candidate, "diff (msec)", "diff (%)", *besides),
        tuple(
            (
                pair.labels,
                *(pair.setting.get(name, NO_VALUE) for name in varying),
                *(_cells(pair.total)[1:] if pair.differences else [NO_VALUE] * 4),
                *((note or NO_VALUE,) if besides else ()),
            )
            for pair, note in zip(members, notes, strict=True)
        ),
    )


def varying_settings(members: Sequence[Pair]) -> list[str]:
    """The other axes that tell some pairs from each other."""
    names = dict.fromkeys(name for pair in members for name in pair.setting)
    return [name for name in names if len({pair.setting.get(name) for pair in members}) > 1]


def _heading(pair: Pair, varying: Collection[str]) -> str:
    setting = [f"{axis} {value}" for axis, value in pair.setting.items() if axis in varying]
    with_what = f", {', '.join(setting)}" if setting else ""
    return f"{pair.axis} {pair.base} to {pair.candidate}{with_what} ({pair.labels})"


def _notes(pair: Pair) -> Iterator[str]:
    if pair.refused:
        yield f"Not compared: {pair.refused}."
    if pair.differing:
        yield f"They differ in more than {pair.axis}: {'; '.join(pair.differing)}."
