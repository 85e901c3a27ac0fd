"""What each switch did: for every two values of an axis, all pairs of cases that differ in it alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from mcumatrix.matrix.suggest import listed
from mcumatrix.model.comparison import Comparison
from mcumatrix.report.content.comparisons import (
    Compared,
    Difference,
    Pair,
    Verdict,
    axes_with_several_values,
    pairs,
    percent,
)
from mcumatrix.report.content.tables import NO_VALUE, Table
from mcumatrix.report.content.timings import Timing
from mcumatrix.report.content.wide import MAXIMUM_COLUMNS

NEGLIGIBLE = 0.02
"""A switch that changes no layer by a larger share than this does nothing that it was made for."""

COUNTS_FROM = 0.001
"""A layer that takes less than this share of the whole inference is no measure of what a switch does."""

_WORTH_NAMING = 0.01
"""A layer is named as the one that changed most if it takes this share."""

_INTERACTS_FROM = 0.05
"""Two switches interact where the effect of one differs by more than this between values of the other."""

MAXIMUM_NAMED = 16
"""Pairs that are named one by one; of more, a reader is told how many they are."""

LIBRARIES = {"cmsis-nn": "CMSIS-NN"}
"""Kernels that are those of an optimised library, and what people call it."""


@dataclass(frozen=True, slots=True)
class Switch:
    """From one value of an axis to another: what it did, and by how much on each layer."""

    axis: str
    base: str
    candidate: str
    pairs: tuple[Pair, ...]
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]

    @property
    def has_effect(self) -> bool:
        """Whether a layer of a pair changed by more than what is negligible."""
        return largest_change(self.pairs) > NEGLIGIBLE


def switches(timings: Sequence[Timing], leading: Compared = MappingProxyType({})) -> tuple[Switch, ...]:
    """All of them, in the order of axes and values; `leading` says what is old and what is new, and has the
    pairs that were compared already.
    """
    bases = {wanted.axis: wanted.base for wanted in leading}
    found = []
    for axis in axes_with_several_values(timings):
        by_values: dict[tuple[str, str], list[Pair]] = {}
        wanted = Comparison(axis, bases.get(axis, ""))
        for pair in leading[wanted] if wanted in leading else pairs(timings, wanted):
            if not pair.refused:
                by_values.setdefault((pair.base, pair.candidate), []).append(pair)
        found += [_switch(axis, tuple(members)) for members in by_values.values()]
    return tuple(found)


def _switch(axis: str, members: tuple[Pair, ...]) -> Switch:
    return Switch(
        axis=axis,
        base=members[0].base,
        candidate=members[0].candidate,
        pairs=members,
        sentences=tuple(_sentences(members)),
        tables=tuple(_tables(members)),
    )


def name_of(pair: Pair) -> str:
    """A switch as a person calls it."""
    library = LIBRARIES.get(pair.candidate) if pair.axis == "kernels" else None
    return library or f"{pair.axis} {pair.base} to {pair.candidate}"


def largest_change(members: Sequence[Pair]) -> float:
    """The largest change of a layer, as a share of its time.

    Changes that rounding or chance explain do not count, and neither do layers that take next to no time.
    """
    changes = [
        abs(difference.relative)
        for pair in members
        for difference in pair.differences
        if difference.verdict is Verdict.DIFFERENT
        and difference.relative is not None
        and takes(difference, pair, COUNTS_FROM)
    ]
    return max(changes, default=0.0)


def takes(difference: Difference, pair: Pair, share: float) -> bool:
    """Whether a layer takes at least this share of one of the two cases."""
    return (
        difference.base_msec >= share * pair.total.base_msec
        or difference.candidate_msec >= share * pair.total.candidate_msec
    )


def _sentences(members: Sequence[Pair]) -> Iterator[str]:
    name, labels = name_of(members[0]), _labels(members)
    largest = largest_change(members)
    if all(difference.verdict is Verdict.SAME for pair in members for difference in pair.differences):
        yield f"{name}: 0.0 % on every layer ({labels}): not used."
    elif not largest:
        yield f"{name}: no more on any layer than rounding or chance explain ({labels}): no effect."
    elif largest <= NEGLIGIBLE:
        yield (
            f"{name}: no layer that takes {COUNTS_FROM * 100:.1f} % of the time changed by more than "
            f"{largest * 100:.1f} % ({labels}): no effect that matters."
        )
    else:
        yield from _effects(name, members)


def _effects(name: str, members: Sequence[Pair]) -> Iterator[str]:
    slower = [pair for pair in members if _is_different(pair.total) and pair.total.diff_msec > 0]
    faster = [pair for pair in members if _is_different(pair.total) and pair.total.diff_msec < 0]
    others = [pair for pair in members if not _is_different(pair.total)]
    yield from _moved(name, "faster", faster)
    yield from _moved(name, "slower", slower)
    if others:
        change = f"{largest_change(others) * 100:.1f} %"
        yield f"{name} changes no total of {_labels(others)}; single layers change by up to {change}."
    yield from _interactions(name, members)


def _interactions(name: str, members: Sequence[Pair]) -> Iterator[str]:
    """Other axes that decide how much a switch does: its effects differ between their values, not within."""
    for axis in dict.fromkeys(axis for pair in members for axis in pair.setting):
        effects: dict[str, list[float]] = {}
        for pair in members:
            if axis in pair.setting and pair.total.relative is not None:
                effects.setdefault(pair.setting[axis], []).append(pair.total.relative)
        means = {value: sum(shares) / len(shares) for value, shares in effects.items()}
        between = max(means.values(), default=0.0) - min(means.values(), default=0.0)
        within = max((max(shares) - min(shares) for shares in effects.values()), default=0.0)
        if between > _INTERACTS_FROM and within <= between / 2:
            shown = ", ".join(f"{percent(mean)} % with {value}" for value, mean in means.items())
            yield f"How much {name} does depends on {axis}: {shown}."


def _moved(name: str, direction: str, some: Sequence[Pair]) -> Iterator[str]:
    if not some:
        return
    if len(some) == 1:
        (pair,) = some
        total = pair.total
        yield (
            f"{name} makes {_case(pair)} {direction}: {total.base_msec:.3f} to "
            f"{total.candidate_msec:.3f} msec ({percent(total.relative)} %){_most(pair)}."
        )
        return
    shares = sorted((pair.total.relative or 0 for pair in some), key=abs)
    least, most = percent(shares[0]), percent(shares[-1])
    share = f"{least} %" if least == most else f"{least} to {most} %"
    strongest = max(some, key=lambda pair: abs(pair.total.relative or 0))
    yield f"{name} makes {_labels(some)} {direction}: {share} in total{_most(strongest, named=True)}."


def _is_different(difference: Difference) -> bool:
    return difference.verdict is Verdict.DIFFERENT


def _most(pair: Pair, *, named: bool = False) -> str:
    """The layer that changed most of those that take some of the time."""
    layers = [
        (index, layer)
        for index, layer in enumerate(pair.differences[:-1])
        if _is_different(layer) and layer.relative is not None and takes(layer, pair, _WORTH_NAMING)
    ]
    if not layers:
        return ""
    index, layer = max(layers, key=lambda found: abs(found[1].relative or 0))
    where = f" in {pair.labels}" if named else ""
    return f"; most on layer {index}, {layer.op}, {percent(layer.relative)} %{where}"


def _case(pair: Pair) -> str:
    """A pair by the values that say most about it to a reader, besides its numbers."""
    values = " ".join(pair.setting[axis] for axis in ("kernels", "model") if axis in pair.setting)
    return f"{values} ({pair.labels})" if values else pair.labels


def _labels(members: Sequence[Pair]) -> str:
    if len(members) > MAXIMUM_NAMED:
        return f"{len(members)} pairs of cases"
    return listed(pair.labels for pair in members)


def _tables(members: Sequence[Pair]) -> Iterator[Table]:
    """Layers x pairs in percent; one table for each network, and for as many pairs as fit a page.

    More pairs than people read have one row for each layer, with the ends and the middle of its changes.
    """
    networks: dict[tuple[str, ...], list[Pair]] = {}
    for pair in members:
        networks.setdefault(tuple(difference.op for difference in pair.differences), []).append(pair)
    for operators, some in networks.items():
        if len(some) > MAXIMUM_NAMED:
            yield _spread_table(operators, some)
            continue
        for start in range(0, len(some), MAXIMUM_COLUMNS):
            shown = some[start : start + MAXIMUM_COLUMNS]
            yield Table(
                ("Layer (diff in %)", *(pair.labels for pair in shown)),
                tuple(
                    (operator, *(_share(pair.differences[row]) for pair in shown))
                    for row, operator in enumerate(operators)
                ),
            )


def _spread_table(operators: Sequence[str], some: Sequence[Pair]) -> Table:
    rows = []
    for row, operator in enumerate(operators):
        shares = [pair.differences[row].relative for pair in some]
        known = [share for share in shares if share is not None]
        ends = (min(known), median(known), max(known)) if known else (None, None, None)
        rows.append((operator, *map(percent, ends)))
    return Table((f"Layer (diff in % of {len(some)} pairs)", "least", "median", "most"), tuple(rows))


def _share(difference: Difference) -> str:
    if difference.verdict is Verdict.DIFFERENT or difference.verdict is Verdict.SAME:
        return percent(difference.relative)
    return f"{percent(difference.relative)} ({difference.verdict})" if difference.relative else NO_VALUE
