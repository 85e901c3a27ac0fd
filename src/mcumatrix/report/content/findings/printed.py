"""What is wrong with numbers that others printed: found in their tables alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mcumatrix.model.publication import Printed, PrintedColumn, Publication, Quantity
from mcumatrix.report.content.findings import times
from mcumatrix.report.content.findings.answers import says_nothing
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.switches import largest_change, switches
from mcumatrix.report.content.timings import Timing, timing_of_column


@dataclass(frozen=True, slots=True)
class Trusted:
    """The times of a publication that do not contradict each other.

    `columns` has one for each setting: the first that was printed. `doubtful` has the tables that contradict
    an earlier one; none of their columns is among the others, since who copied one may have copied both.
    """

    columns: tuple[PrintedColumn, ...]
    doubtful: tuple[str, ...]

    @property
    def timings(self) -> tuple[Timing, ...]:
        """Their times."""
        return tuple(map(timing_of_column, self.columns))


def trusted(publication: Publication) -> Trusted:
    """What of a publication can be compared."""
    doubtful = dict.fromkeys(later.table for _, later in _contradicting(publication))
    first: dict[tuple[tuple[str, str], ...], PrintedColumn] = {}
    for column in publication.of(Quantity.TIME):
        if column.table not in doubtful:
            first.setdefault(_settings(column), column)
    return Trusted(tuple(first.values()), tuple(doubtful))


def find_in_publication(publication: Publication) -> list[Finding]:
    """All that is wrong with it, in the order of its weight."""
    distinct = _distinct(publication.of(Quantity.TIME))
    timings = tuple(map(timing_of_column, distinct))
    return [
        *contradictions(publication),
        *repeated_tables(publication),
        *times.clock_scaling(timings),
        *differences(publication),
        *times.sums([timing_of_column(column) for column in publication.of(Quantity.TIME)]),
        *uniform_outputs(publication),
        *_small_effects(publication),
        *times.zero_time(timings),
        *times.constant_time(timings),
    ]


def contradictions(publication: Publication) -> Iterator[Finding]:
    """Columns that print other times for the same settings than an earlier table does."""
    for first, later in _contradicting(publication):
        ours, other = _by_layer(first), _by_layer(later)
        differing = [layer for layer in ours if layer in other and _differ(ours[layer], other[layer])]
        where = None if None in differing else differing[0]
        factor = other[where].value / ours[where].value if ours[where].value else None
        times_as_much = f", {factor:.2f} times as much" if factor is not None else ""
        yield Finding(
            Check.CONTRADICTION,
            f"{later.place} contradicts {first.place}: for the same settings "
            f"({', '.join(first.axes.values())}) it has {other[where].text} msec and not "
            f"{ours[where].text}{times_as_much}; {len(differing)} of {len(ours)} numbers differ.",
            tuple(
                f"{ours[layer].op}: {ours[layer].text} in {first.place}, {other[layer].text} in {later.place}"
                for layer in differing
            ),
        )


def _contradicting(publication: Publication) -> Iterator[tuple[PrintedColumn, PrintedColumn]]:
    first: dict[tuple[tuple[str, str], ...], PrintedColumn] = {}
    for column in publication.of(Quantity.TIME):
        earlier = first.setdefault(_settings(column), column)
        ours, other = _by_layer(earlier), _by_layer(column)
        if any(layer in other and _differ(ours[layer], other[layer]) for layer in ours):
            yield earlier, column


def repeated_tables(publication: Publication) -> Iterator[Finding]:
    """Tables that are the same to the last digit, although they are about something else."""
    tables: dict[str, list[PrintedColumn]] = {}
    for column in publication.columns:
        tables.setdefault(column.table, []).append(column)
    names = list(tables)
    for index, later in enumerate(names):
        for earlier in names[:index]:
            ours, other = tables[earlier], tables[later]
            if len(ours) == len(other) and all(map(_same_digits, ours, other)):
                changed = _changed(ours[0].axes, other[0].axes)
                if changed:
                    yield Finding(
                        Check.REPEATED_TABLE,
                        f"{later} repeats {earlier} to the last digit, although it is about {changed}.",
                        (f"{sum(len(column.numbers) for column in other)} numbers are the same",),
                    )


def differences(publication: Publication) -> Iterator[Finding]:
    """Printed differences that are not new minus old, of the columns beside them."""
    columns = publication.of(Quantity.TIME)
    for column in publication.of(Quantity.DIFFERENCE):
        new = _beside(columns, column.table, column.axes)
        old = _beside(columns, column.table, {**column.axes, **column.base})
        if new is None or old is None:
            continue
        turned: list[str] = []
        wrong: list[str] = []
        for layer, printed in _by_layer(column).items():
            if layer not in new or layer not in old:
                continue
            right = new[layer].value - old[layer].value
            rounding = new[layer].half_unit + old[layer].half_unit + printed.half_unit
            line = (
                f"{printed.op}: {new[layer].text} - {old[layer].text} is {right:+}, printed is {printed.text}"
            )
            if abs(printed.value - right) <= rounding and not _turned(printed.value, right):
                continue
            (turned if abs(printed.value + right) <= rounding else wrong).append(line)
        yield from _wrong_differences(column, len(column.numbers), turned, wrong)


def _turned(printed: Decimal, right: Decimal) -> bool:
    return bool(printed) and printed == -right


def _wrong_differences(
    column: PrintedColumn, count: int, turned: Sequence[str], wrong: Sequence[str]
) -> Iterator[Finding]:
    if turned:
        yield Finding(
            Check.SIGN,
            f"{column.place}: {len(turned)} of {count} differences have the wrong sign: "
            "they are old minus new, and not new minus old.",
            tuple(turned),
        )
    if wrong:
        yield Finding(
            Check.SIGN, f"{column.place}: {len(wrong)} of {count} differences are wrong.", tuple(wrong)
        )


def uniform_outputs(publication: Publication) -> Iterator[Finding]:
    """Printed outputs that are no better than chance."""
    for column in publication.of(Quantity.OUTPUT):
        if sentence := says_nothing([float(number.value) for number in column.layers]):
            yield Finding(Check.NEAR_UNIFORM, f"{column.title}: {sentence}")


def _small_effects(publication: Publication) -> Iterator[Finding]:
    for switch in switches(trusted(publication).timings):
        if not switch.has_effect:
            found = times.small_effect(switch.pairs, largest_change(switch.pairs))
            if found:
                yield found


def _by_layer(column: PrintedColumn) -> dict[int | None, Printed]:
    return {number.layer: number for number in column.numbers}


def _differ(ours: Printed, other: Printed) -> bool:
    return abs(ours.value - other.value) > ours.half_unit + other.half_unit


def _settings(column: PrintedColumn) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(column.axes.items()))


def _distinct(columns: Sequence[PrintedColumn]) -> tuple[PrintedColumn, ...]:
    """Without those that print again what an earlier table has for the same settings."""
    seen: dict[object, PrintedColumn] = {}
    for column in columns:
        seen.setdefault((_settings(column), tuple(number.text for number in column.numbers)), column)
    return tuple(seen.values())


def _same_digits(ours: PrintedColumn, other: PrintedColumn) -> bool:
    return [(n.layer, n.op, n.text) for n in ours.numbers] == [(n.layer, n.op, n.text) for n in other.numbers]


def _changed(ours: Mapping[str, str], other: Mapping[str, str]) -> str:
    return " and ".join(
        f"{axis} {value} and not {ours[axis]}"
        for axis, value in other.items()
        if axis in ours and ours[axis] != value
    )


def _beside(
    columns: Sequence[PrintedColumn], table: str, axes: Mapping[str, str]
) -> dict[int | None, Printed] | None:
    return next((_by_layer(c) for c in columns if c.table == table and c.axes == axes), None)
