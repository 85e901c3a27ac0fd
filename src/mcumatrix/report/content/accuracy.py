"""What a report says of the answers to labelled sets, beside times and sizes."""

from collections.abc import Sequence
from statistics import median

from mcumatrix.model.record import Accuracy, Record
from mcumatrix.report.content.tables import NO_VALUE, Case, Table
from mcumatrix.results.statistics import share_interval
from mcumatrix.units import milliseconds


def accuracy_table(cases: Sequence[Case]) -> Table | None:
    """One row for each case that was asked a labelled set; None if none was."""
    asked = [
        (case, case.record, accuracy, set_answers)
        for case in cases
        if case.record
        and (accuracy := case.record.accuracy)
        and case.record.measurement
        and (set_answers := case.record.measurement.set_answers)
    ]
    if not asked:
        return None
    return Table(
        ("Case", "samples", "right", "accuracy", "95 % interval", "host", "unlike the host", *_BESIDE),
        tuple(
            (case.label, *_row(len(answers.classes), accuracy), _total(case), _flash(record))
            for case, record, accuracy, answers in asked
        ),
    )


_BESIDE = ("total (msec)", "flash (bytes)")


def _row(samples: int, accuracy: Accuracy) -> tuple[str, ...]:
    interval = share_interval(accuracy.correct, samples)
    is_compared = bool(accuracy.answers_sha256)
    return (
        f"{samples}" if samples == accuracy.set_samples else f"{samples} of {accuracy.set_samples}",
        f"{accuracy.correct}",
        _percent(accuracy.correct / samples),
        f"{_percent(interval.low)} to {_percent(interval.high)}",
        _percent(accuracy.host_correct / samples) if is_compared else NO_VALUE,
        f"{len(accuracy.deviating)}" if is_compared else NO_VALUE,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _total(case: Case) -> str:
    """The median of all repeats that count, as in the table of times."""
    if not case.measurements:
        return NO_VALUE
    cycles = [total for measurement in case.measurements for total in measurement.total_cycles]
    return f"{milliseconds(median(cycles), case.measurements[0].clock.measured_hz):.3f}"


def _flash(record: Record) -> str:
    sizes = record.image.sizes if record.image else None
    return str(sizes.rom_bytes) if sizes else NO_VALUE
