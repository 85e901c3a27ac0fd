"""What a report says of several runs of a variant, of a reference that may drift, and of tests of units."""

from collections.abc import Sequence
from statistics import median

from mcumatrix.model.record import Record, Status
from mcumatrix.report.content.comparisons import percent
from mcumatrix.report.content.tables import NO_VALUE, Case, Table, blamed
from mcumatrix.units import milliseconds


def total_msec(record: Record) -> float | None:
    """The median of the whole inference in one run; None where it has no time that counts."""
    measurement = record.measurement
    if record.status is not Status.OK or measurement is None:
        return None
    return milliseconds(median(measurement.total_cycles), measurement.clock.measured_hz)


def runs_table(cases: Sequence[Case]) -> Table | None:
    """Each run of each case that has several; None if none has."""
    rows = tuple(
        (
            case.label,
            str(record.slot.run),
            record.order or "plan",
            _text(total_msec(record)),
            _result(record),
            record.provenance.unit or NO_VALUE,
            record.finished_at,
            record.name,
        )
        for case in cases
        if case.due > 1
        for record in case.runs
    )
    return (
        Table(("Case", "run", "order", "total (msec)", "result", "unit", "finished", "record"), rows)
        if rows
        else None
    )


def drift_table(cases: Sequence[Case]) -> Table | None:
    """The reference at start, middle and end, against the start; None if there is none."""
    rows = []
    for case in cases:
        first = total_msec(case.references[0]) if case.references else None
        for record in case.references:
            msec = total_msec(record)
            change = percent(msec / first - 1) if msec is not None and first else NO_VALUE
            rows.append(
                (
                    case.label,
                    str(record.slot.moment),
                    _text(msec),
                    change,
                    _result(record),
                    record.provenance.unit or NO_VALUE,
                    record.finished_at,
                    record.name,
                )
            )
    header = ("Case", "moment", "total (msec)", "change (%)", "result", "unit", "finished", "record")
    return Table(header, tuple(rows)) if rows else None


def health_table(tests: Sequence[Record]) -> Table | None:
    """The last test of each unit; None if none was tested."""
    rows = tuple(
        (
            test.provenance.board,
            test.slot.unit or NO_VALUE,
            "passed" if test.status is Status.OK else f"failed: {blamed(test)}",
            str(test.measurement.total_cycles[0]) if test.measurement else NO_VALUE,
            test.finished_at,
            test.name,
        )
        for test in tests
    )
    return Table(("Board", "unit", "test", "cycles", "finished", "record"), rows) if rows else None


def _result(record: Record) -> str:
    if record.status is Status.OK:
        return "correct, flaky" if record.flaky else "correct"
    return blamed(record)


def _text(msec: float | None) -> str:
    return NO_VALUE if msec is None else f"{msec:.3f}"
