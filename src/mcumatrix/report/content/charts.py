"""What charts of times and of differences show, as frozen data: how they are drawn is a matter of `render`.

A chart that would be too full to read shows a part and says in its note which part that is; the tables and
`report.json` have all of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles

from mcumatrix.report.content.comparisons import (
    Difference,
    Pair,
    Verdict,
    axes_with_several_values,
    percent,
    varying_settings,
)
from mcumatrix.report.content.history_chart import HistoryChart
from mcumatrix.report.content.switches import COUNTS_FROM, takes
from mcumatrix.report.content.timings import VIRTUAL, Timing

MAXIMUM_BARS = 40
"""Cases in one chart of layers; of more, the ends of the order by time are shown."""

_SHOWN_AT_EACH_END = 12

MAXIMUM_BOXES = 40
"""Values of an axis in a chart of spreads; an axis with more is left out of it."""

MAXIMUM_LAYERS = 10
"""Layers that a reader can tell apart by their colours; of networks with more, operators are added up."""

MAXIMUM_PANELS = 8
"""Pairs in one chart of changes."""

MAXIMUM_CHANGES = 40
"""Layers in a chart of changes."""

MAXIMUM_CHARTS = 6
"""Charts of one kind in a report."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What one layer, or all layers of an operator, took of a case, in msec."""

    layer: str
    msec: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A case: its segments in the order of the network, what is spent between layers last."""

    case: str
    segments: tuple[Segment, ...]
    total_msec: float


@dataclass(frozen=True, slots=True)
class LayerChart:
    """Layers stacked per case, in msec. `name` is that of its file; `description` says it in words."""

    name: str
    title: str
    description: str
    note: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How far apart the totals of all cases with one value of an axis are, in msec."""

    axis: str
    value: str
    cases: int
    low: float
    first_quartile: float
    median: float
    third_quartile: float
    high: float


@dataclass(frozen=True, slots=True)
class SpreadChart:
    """Totals by the values of each axis, for more cases than have bars of their own."""

    name: str
    title: str
    description: str
    note: str
    spreads: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a layer, in percent of its old time; `low` and `high` are those of its interval.

    `kind` is one of the words below.
    """

    layer: str
    percent: float
    kind: str
    low: float | None = None
    high: float | None = None


SLOWER = "slower"
FASTER = "faster"
UNSURE = "rounding or chance may explain it"
TINY = f"takes less than {COUNTS_FROM * 100:g} % of the time"
UNCHANGED = "the same"


@dataclass(frozen=True, slots=True)
class Panel:
    """The changes of one pair, the total last."""

    heading: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ChangeChart:
    """Change per layer, new minus old, a panel for each pair."""

    name: str
    title: str
    description: str
    note: str
    panels: tuple[Panel, ...]


Chart = LayerChart | SpreadChart | ChangeChart | HistoryChart


def time_charts(timings: Sequence[Timing]) -> tuple[LayerChart | SpreadChart, ...]:
    """Layers stacked per case: a chart for each network and source of times; see `MAXIMUM_BARS`."""
    groups = list(_groups(timings))
    more = _more(len(groups), "networks and sources of times")
    axes = axes_with_several_values(timings)
    return tuple(
        chart
        for number, group in enumerate(groups[:MAXIMUM_CHARTS], 1)
        for chart in _of_group(number, group, axes, more if number == MAXIMUM_CHARTS else "")
    )


def change_charts(pairs: Sequence[Pair]) -> tuple[ChangeChart, ...]:
    """Change per layer for those pairs that have one: a chart for each two values of an axis and network."""
    groups: dict[tuple[str, ...], list[Pair]] = {}
    for pair in pairs:
        if pair.differences:
            operators = (difference.op for difference in pair.differences)
            groups.setdefault((pair.axis, pair.base, pair.candidate, *operators), []).append(pair)
    more = _more(len(groups), "pairs of values")
    return tuple(
        _change_chart(number, members, more if number == MAXIMUM_CHARTS else "")
        for number, members in enumerate(list(groups.values())[:MAXIMUM_CHARTS], 1)
    )


def _more(groups: int, what: str) -> str:
    """What the last chart says where there would be too many."""
    return f"Of {groups} {what}, {MAXIMUM_CHARTS} have a chart." if groups > MAXIMUM_CHARTS else ""


def _groups(timings: Sequence[Timing]) -> Iterator[list[Timing]]:
    """Those that can stand side by side, as in the tables of times."""
    found: dict[tuple[object, ...], list[Timing]] = {}
    for timing in timings:
        key = (timing.kind, timing.conditions.get("timing model"), timing.operators)
        found.setdefault(key, []).append(timing)
    return iter(found.values())


def _of_group(
    number: int, group: Sequence[Timing], axes: Sequence[str], more: str
) -> Iterator[LayerChart | SpreadChart]:
    shown, note = _few_enough(group)
    varying = axes_with_several_values(group)
    bars = tuple(_bar(timing, varying) for timing in shown)
    # What tells this chart from the others is the same in all of its bars, and so in none of their names.
    common = "".join(
        f", {group[0].axes[axis]}" for axis in axes if axis not in varying and axis in group[0].axes
    )
    about = f"Time per layer in msec{common}{_estimated(group)}"
    if len(group[0].layers) > MAXIMUM_LAYERS:
        note = f"{note} Layers with the same operator are added up."
    yield LayerChart(
        name=f"times-{number}",
        title=about,
        description=_description_of_bars(about, bars),
        note=f"{note} {more}".strip(),
        bars=bars,
    )
    if len(shown) < len(group) and varying:
        few = [axis for axis in varying if len({timing.axes.get(axis) for timing in group}) <= MAXIMUM_BOXES]
        if few:
            yield _spread_chart(number, group, few, [axis for axis in varying if axis not in few])


def _estimated(group: Sequence[Timing]) -> str:
    return ", estimated by a model" if group[0].kind == VIRTUAL else ""


def _few_enough(group: Sequence[Timing]) -> tuple[list[Timing], str]:
    """The cases that have a bar, and what has to be said where others have none: then they are in the order
    of their times."""
    if len(group) <= MAXIMUM_BARS:
        return list(group), ""
    by_time = sorted(group, key=lambda timing: timing.total.median_msec)
    return (
        [*by_time[:_SHOWN_AT_EACH_END], *by_time[-_SHOWN_AT_EACH_END:]],
        f"Shown are the {_SHOWN_AT_EACH_END} fastest and the {_SHOWN_AT_EACH_END} slowest of "
        f"{len(group)} cases; the tables have all.",
    )


def _bar(timing: Timing, varying: Sequence[str]) -> Bar:
    values = " ".join(timing.axes[name] for name in varying if name in timing.axes)
    return Bar(
        f"{timing.label} {values}".strip(), tuple(_segments(timing)), total_msec=timing.total.median_msec
    )


def _segments(timing: Timing) -> Iterator[Segment]:
    rows = [(layer.op, layer.median_msec) for layer in timing.layers]
    if len(rows) <= MAXIMUM_LAYERS:
        yield from (Segment(f"{index} {op}", msec) for index, (op, msec) in enumerate(rows))
    else:
        operators = dict.fromkeys(op for op, _ in rows)
        sums = {op: sum(msec for other, msec in rows if other == op) for op in operators}
        kept = sorted(sums, key=lambda op: -sums[op])[: MAXIMUM_LAYERS - 1]
        yield from (Segment(op, sums[op]) for op in operators if op in kept)
        if rest := [sums[op] for op in operators if op not in kept]:
            yield Segment("other operators", sum(rest))
    if timing.between is not None:
        yield Segment(timing.between.op, timing.between.median_msec)


def _description_of_bars(about: str, bars: Sequence[Bar]) -> str:
    totals = "; ".join(f"{bar.case}: {bar.total_msec:.3f} msec, {_longest(bar)}" for bar in bars)
    return f"{about}, stacked: a bar for each of {len(bars)} cases. {totals}."


def _longest(bar: Bar) -> str:
    longest = max(bar.segments, key=lambda segment: segment.msec, default=None)
    return f"most in {longest.layer} ({longest.msec:.3f})" if longest else "without layers"


def _spread_chart(
    number: int, group: Sequence[Timing], varying: Sequence[str], left_out: Sequence[str]
) -> SpreadChart:
    spreads = tuple(
        _spread(axis, value, [timing for timing in group if timing.axes.get(axis) == value])
        for axis in varying
        for value in dict.fromkeys(timing.axes[axis] for timing in group if axis in timing.axes)
    )
    medians = "; ".join(f"{one.axis} {one.value}: {one.median:.3f} msec" for one in spreads)
    without = f" Left out, for too many values: {', '.join(left_out)}." if left_out else ""
    return SpreadChart(
        name=f"spread-{number}",
        title=f"Total time in msec by the values of each axis{_estimated(group)}",
        description=f"Totals of {len(group)} cases. Medians: {medians}.",
        note="From the smallest to the largest total; the box has the middle half of the cases, with the "
        f"median in it.{without}",
        spreads=spreads,
    )


def _spread(axis: str, value: str, members: Sequence[Timing]) -> Spread:
    totals = [timing.total.median_msec for timing in members]
    first, middle, third = quantiles(totals, method="inclusive") if len(totals) > 1 else totals * 3
    return Spread(axis, value, len(totals), min(totals), first, middle, third, max(totals))


def _change_chart(number: int, members: Sequence[Pair], more: str) -> ChangeChart:
    shown = _most_changed(members)
    layers = _layers_worth_showing(shown)
    notes = [more] if more else []
    if len(shown) < len(members):
        notes.append(
            f"Shown are the {len(shown)} of {len(members)} pairs whose totals changed most; the tables have "
            "all."
        )
    if len(layers) < len(shown[0].differences):
        notes.append(
            f"Shown are the {len(layers)} of {len(shown[0].differences)} rows that take most of the time."
        )
    varying = varying_settings(members)
    panels = tuple(
        Panel(_heading(pair, varying), tuple(_change(index, pair) for index in layers)) for pair in shown
    )
    first = members[0]
    title = f"Change per layer in percent, {first.axis} {first.base} to {first.candidate}"
    totals = "; ".join(
        f"{panel.heading}: {percent(pair.total.relative)} % in total"
        for panel, pair in zip(panels, shown, strict=True)
    )
    return ChangeChart(
        name=f"changes-{number}",
        title=title,
        description=f"{title}, new minus old. {totals}.",
        note=" ".join(notes),
        panels=panels,
    )


def _most_changed(members: Sequence[Pair]) -> list[Pair]:
    if len(members) <= MAXIMUM_PANELS:
        return list(members)
    by_change = sorted(range(len(members)), key=lambda index: -abs(members[index].total.relative or 0))
    return [members[index] for index in sorted(by_change[:MAXIMUM_PANELS])]


def _layers_worth_showing(shown: Sequence[Pair]) -> list[int]:
    """Indices of differences: those that take most of the time where there are too many, the total always."""
    rows = len(shown[0].differences)
    if rows <= MAXIMUM_CHANGES:
        return list(range(rows))
    longest = sorted(
        range(rows - 1), key=lambda index: -max(pair.differences[index].base_msec for pair in shown)
    )
    return [*sorted(longest[: MAXIMUM_CHANGES - 1]), rows - 1]


def _heading(pair: Pair, varying: Iterable[str]) -> str:
    values = " ".join(pair.setting[name] for name in varying if name in pair.setting)
    return f"{values} ({pair.labels})".strip()


def _change(index: int, pair: Pair) -> Change:
    difference = pair.differences[index]
    is_total = index == len(pair.differences) - 1
    interval, base = difference.interval, difference.base_msec
    return Change(
        layer=difference.op if is_total else f"{index} {difference.op}",
        percent=(difference.relative or 0.0) * 100,
        kind=_kind(difference, pair),
        low=interval.low / base * 100 if interval and base else None,
        high=interval.high / base * 100 if interval and base else None,
    )


def _kind(difference: Difference, pair: Pair) -> str:
    if difference.verdict is Verdict.SAME:
        return UNCHANGED
    if difference.verdict in (Verdict.WITHIN_ROUNDING, Verdict.NOT_SURE):
        return UNSURE
    if not takes(difference, pair, COUNTS_FROM):
        return TINY
    return SLOWER if difference.diff_msec > 0 else FASTER
