"""A set of results as other tools get them."""

from collections.abc import Iterator, Mapping, Sequence

from mcumatrix.model.exported import Exported, ExportedCase, ExportedRow, ExportedTable, Revision
from mcumatrix.model.publication import Publication
from mcumatrix.report.content.findings.printed import trusted
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import Case, TimeTable
from mcumatrix.report.content.timings import Row, Timing, timings_of_cases
from mcumatrix.results.statistics import median_interval


def exported_results(report: Report, cases: Sequence[Case], revision: Revision | None) -> Exported:
    """The cases of a matrix that have times which count, and the tables of its report."""
    measured = [case for case in cases if case.is_measured]
    timings = timings_of_cases(measured)
    return Exported(
        name=report.title,
        description=report.description,
        cases=tuple(
            _case(case.variant, timing, case.record.finished_at if case.record else "", _sizes(case))
            for case, timing in zip(measured, timings, strict=True)
        ),
        tables=tuple(_tables(report)),
        revision=revision,
    )


def exported_publication(report: Report, publication: Publication, revision: Revision | None) -> Exported:
    """The numbers that others published: as many as can be believed, and the tables as they were printed."""
    day = publication.published_on.isoformat()
    return Exported(
        name=report.title,
        description=report.description,
        cases=tuple(
            _case(" ".join(timing.axes.values()), timing, f"{day}T00:00:00.000000Z", {})
            for timing in trusted(publication).timings
        ),
        tables=tuple(_tables(report)),
        revision=revision,
    )


def _case(name: str, timing: Timing, finished_at: str, sizes_bytes: Mapping[str, int]) -> ExportedCase:
    conditions = {key: value for key, value in timing.conditions.items() if value is not None}
    model = conditions.get("timing model", "none")
    board = timing.axes.get("board") or conditions.get("board", "unknown")
    return ExportedCase(
        name=name,
        machine=board if model == "none" else f"{board}-{model}",
        axes=timing.axes,
        rows=(
            *(_row(index, row, timing) for index, row in enumerate(timing.layers)),
            _row(None, timing.total, timing),
        ),
        sizes_bytes=sizes_bytes,
        conditions=conditions,
        finished_at=finished_at,
        deterministic=timing.deterministic,
    )


def _row(layer: int | None, row: Row, timing: Timing) -> ExportedRow:
    interval = None if timing.deterministic else median_interval(row.by_run)
    return ExportedRow(row.op, layer, row.msec, (interval.low, interval.high) if interval else None)


def _sizes(case: Case) -> Mapping[str, int]:
    record = case.record
    found = {}
    if record and record.image:
        sizes = record.image.sizes
        found = {"flash": sizes.rom_bytes, "ram": sizes.ram_bytes}
    if record and record.measurement:
        found["tensors"] = record.measurement.arena_bytes
    return found


def _tables(report: Report) -> Iterator[ExportedTable]:
    yield ExportedTable("Cases", (), report.cases.header, report.cases.rows)
    for part in report.printed:
        yield ExportedTable(part.heading, (), part.table.header, part.table.rows)
    for time in report.times:
        yield ExportedTable(
            "Time per layer (msec)" + (f", {time.part}" if time.part else ""),
            (_source(time),),
            time.table.header,
            time.table.rows,
        )
    for comparison in report.comparisons:
        if comparison.table:
            yield ExportedTable(
                f"{comparison.heading}, msec",
                comparison.notes,
                comparison.table.header,
                comparison.table.rows,
            )
    if report.accuracy:
        yield ExportedTable("Accuracy", (), report.accuracy.header, report.accuracy.rows)
    if report.energy:
        yield ExportedTable("Energy", (), report.energy.header, report.energy.rows)
    if report.events:
        yield ExportedTable("Events", (), report.events.header, report.events.rows)
    for name, parts in (("Sizes", report.sizes), ("Memory", report.memory)):
        for part in parts:
            heading = f"{name}, {part.heading}" if part.heading else name
            yield ExportedTable(heading, (), part.table.header, part.table.rows)


def _source(time: TimeTable) -> str:
    if not time.timing_model:
        return "Measured on hardware; medians."
    error = f" ({time.expected_error})" if time.expected_error else ""
    return f"Estimated by the timing model {time.timing_model}{error} of a virtual board; medians."
