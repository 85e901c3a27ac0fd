"""All that is said of numbers that others printed: their tables as they stand, and what is wrong."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from mcumatrix.model.comparison import Comparison
from mcumatrix.model.publication import Origin, PrintedColumn, Publication, Quantity
from mcumatrix.report.content.charts import change_charts, time_charts
from mcumatrix.report.content.comparisons import compared, comparison_parts, default_comparison
from mcumatrix.report.content.findings.printed import Trusted, find_in_publication, trusted
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.switches import switches
from mcumatrix.report.content.tables import NO_VALUE, TOTAL, Part, Table


def make_publication_report(publication: Publication) -> Report:
    """The report of a file of published numbers, from that file alone."""
    believed = trusted(publication)
    timings = believed.timings
    leading = _leading(publication) or default_comparison(timings)
    led = compared(timings, leading)
    findings = find_in_publication(publication)
    day = publication.published_on.isoformat()
    comparisons = comparison_parts(timings, led)
    return Report(
        title=publication.name,
        description=f"Numbers that others published: {publication.source}, {day}.",
        summary=_summary(publication, believed, len(findings)),
        warning="",
        substitutions=(),
        cases=_columns_table(publication, believed),
        times=(),
        comparisons=comparisons,
        switches=switches(timings, led),
        labels=None,
        sizes=(),
        findings=tuple(findings),
        failures=(),
        rebuilt=None,
        exclusions=(),
        provenance=None,
        tools=(),
        records=(),
        source=f"{publication.source}, {day}; {_way(publication)} {publication.name}.csv.",
        printed=tuple(_printed_tables(publication)),
        time_charts=time_charts(timings),
        change_charts=change_charts([part.pair for part in comparisons]),
    )


def _way(publication: Publication) -> str:
    if publication.origin is Origin.IMPORTED:
        return f"imported from {publication.format} into"
    return "entered by hand as printed in"


def _leading(publication: Publication) -> tuple[Comparison, ...]:
    """What the publication itself compares: its differences say what is old."""
    bases = dict.fromkeys(
        item for column in publication.of(Quantity.DIFFERENCE) for item in column.base.items()
    )
    return tuple(Comparison(axis, base) for axis, base in bases)


def _summary(publication: Publication, believed: Trusted, found: int) -> str:
    numbers = sum(len(column.numbers) for column in publication.columns)
    tables = len({column.table for column in publication.columns})
    doubt = (
        f" Comparisons and switches are worked out anew, without {_listed(believed.doubtful)}, which "
        f"{'contradict' if len(believed.doubtful) > 1 else 'contradicts'} an earlier table."
        if believed.doubtful
        else ""
    )
    return f"{numbers} numbers in {tables} tables, {found} findings.{doubt}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _columns_table(publication: Publication, believed: Trusted) -> Table:
    """One row per column of times, with its settings, and whether it is used in comparisons."""
    columns = publication.of(Quantity.TIME)
    axes = list(dict.fromkeys(name for column in columns for name in column.axes))
    places = {column.place for column in believed.columns}

    def used(column: PrintedColumn) -> str:
        if column.place in places:
            return "yes"
        return "no: in doubt" if column.table in believed.doubtful else "no: printed before"

    return Table(
        ("Column", "title", *axes, "compared"),
        tuple(
            (
                column.place,
                column.title,
                *(column.axes.get(name, NO_VALUE) for name in axes),
                used(column),
            )
            for column in columns
        ),
    )


def _printed_tables(publication: Publication) -> Iterator[Part]:
    """Each table as it was printed."""
    for name, group in groupby(publication.columns, key=lambda column: column.table):
        columns = list(group)
        titles = list(dict.fromkeys(column.title for column in columns))
        heading = f"{name}: {titles[0]} (as printed)" if len(titles) == 1 else f"{name} (as printed)"
        by_layer = [{number.layer: number.text for number in column.numbers} for column in columns]
        names = {number.layer: number.op for column in columns for number in column.numbers}
        order = sorted(names, key=lambda layer: (layer is None, layer or 0))
        yield Part(
            heading,
            Table(
                ("Layer", *(column.column for column in columns)),
                tuple(
                    (
                        TOTAL if layer is None else names[layer],
                        *(numbers.get(layer, NO_VALUE) for numbers in by_layer),
                    )
                    for layer in order
                ),
            ),
        )
