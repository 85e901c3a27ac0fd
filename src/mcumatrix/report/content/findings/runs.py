"""Findings about how measurements came about."""

from collections.abc import Iterator, Sequence

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Measurement, Record, Status
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.repeated import total_msec
from mcumatrix.report.content.tables import Case


def flaky(cases: Sequence[Case]) -> Iterator[Finding]:
    """Results that took several attempts, because of what stands around the target."""
    for case in cases:
        for record in (*case.runs, *case.references):
            if record.flaky:
                yield Finding(
                    Check.FLAKY,
                    f"{_named(case, record)} is flaky: it passed in attempt {record.attempt} only; board, "
                    "probe or serial line spoiled those before, see "
                    f"{', '.join(record.earlier)} among its records.",
                )


def _named(case: Case, record: Record) -> str:
    is_only = case.due == 1 and not record.slot.moment
    return case.label if is_only else f"{record.slot} of {case.label}"


def lacking(cases: Sequence[Case]) -> Iterator[Finding]:
    """Cases of which some runs have times and others have none."""
    for case in cases:
        if case.lacking:
            yield Finding(
                Check.LACKING_RUNS,
                f"{case.label}: {len(case.measurements)} of {case.due} runs have times; "
                f"{'; '.join(case.lacking)}.",
            )


def unequal(cases: Sequence[Case]) -> Iterator[Finding]:
    """Runs on a virtual board that differ, which no two may: it is deterministic."""
    for case in cases:
        if case.record is None or case.record.provenance.kind is not BoardKind.VIRTUAL:
            continue
        cycles = [_cycles(measurement) for measurement in case.measurements]
        differing = [number for number, one in enumerate(cycles, 1) if one != cycles[0]]
        if differing:
            yield Finding(
                Check.UNEQUAL_RUNS,
                f"{case.label}: its runs on a virtual board differ, and it is deterministic: what ran was "
                "not the same.",
                tuple(f"run {number} has other cycles than run 1" for number in differing),
            )


def _cycles(measurement: Measurement) -> tuple[object, ...]:
    return (*(layer.cycles for layer in measurement.layers), measurement.total_cycles)


def drift(cases: Sequence[Case], percent: float) -> Iterator[Finding]:
    """A reference that took longer or shorter in the course of the runs, by more than so many percent.

    On a virtual board nothing may change.
    """
    for case in cases:
        timed = [(one, msec) for one in case.references if (msec := total_msec(one)) is not None]
        if len(timed) < 2:
            continue
        least, most = min(msec for _, msec in timed), max(msec for _, msec in timed)
        apart = (most / least - 1) * 100 if least else 0.0
        allowed = 0.0 if timed[0][0].provenance.kind is BoardKind.VIRTUAL else percent
        if apart > allowed:
            yield Finding(
                Check.DRIFT,
                f"{case.label}, the reference, drifted by {apart:.2f} % between start and end: times of "
                "these runs may be off by as much.",
                tuple(
                    f"{record.slot.moment}: {msec:.3f} msec on {record.provenance.unit}"
                    for record, msec in timed
                ),
            )


def units(tests: Sequence[Record]) -> Iterator[Finding]:
    """Units that are not fit, or that are not as they were."""
    for test in tests:
        if test.status is not Status.OK:
            yield Finding(
                Check.UNIT_UNFIT,
                f"The unit {test.slot.unit} of {test.provenance.board} was set aside: the image that tests "
                f"it ended with {test.status}, {test.reason}.",
            )
        elif test.drift:
            yield Finding(
                Check.UNIT_DRIFT,
                f"The unit {test.slot.unit} of {test.provenance.board} drifts: {test.drift}.",
            )
        if test.flaky:
            yield Finding(
                Check.UNIT_FLAKY,
                f"The unit {test.slot.unit} of {test.provenance.board} passed its test in attempt "
                f"{test.attempt} only; see {', '.join(test.earlier)}.",
            )


def unbelieved(reasons: Sequence[str]) -> Iterator[Finding]:
    """Tests of units that are not as they were kept."""
    for reason in reasons:
        yield Finding(Check.UNIT_UNBELIEVED, f"A test of a unit is {reason}.")
