"""What a report says of several runs, of a reference that may drift, and of the units of boards."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from mcumatrix.errors import BlockedError, ConsoleTimeoutError, McuMatrixError, ParseError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Correctness, Provenance, Record
from mcumatrix.model.results import MatrixResults, group_runs
from mcumatrix.model.schedule import Moment, Schedule, Slot
from mcumatrix.model.variant import Matrix
from mcumatrix.report.content.findings.finding import Check
from mcumatrix.report.content.report import Report, make_report, with_tests_of_units
from mcumatrix.report.content.tables import Case, cases_of_results
from mcumatrix.report.content.timings import timings_of_cases
from support.variants import a_measurement, a_record, a_variant

SLUG = a_variant().slug
SILENCE = ConsoleTimeoutError("the board sent nothing")
BLOCKED = BlockedError("every unit of lab was set aside (one: it is silent)")


def _run(
    run: int, cycles: int | McuMatrixError, kind: BoardKind = BoardKind.REAL, **changes: object
) -> Record:
    outcome: object = cycles
    if isinstance(cycles, int):
        outcome = (
            a_measurement((("CONV_2D", (cycles - 5, cycles - 3)),)),
            Correctness(True, 0.0, 0.0, "d" * 64),
        )
    model = "m7-block-1" if kind is BoardKind.VIRTUAL else ""
    provenance = Provenance("lab", kind, model, {}, unit="one")
    record = a_record(outcome, provenance=provenance, slot=Slot(run, **changes))
    return replace(record, log=f"record{record.slot.suffix}.log")


def _report(records: Iterable[Record], health: Iterable[Record] = (), **schedule: object) -> Report:
    matrix, results = _inputs(records, health, **schedule)
    return with_tests_of_units(make_report(matrix, cases_of_results(matrix, results)), results)


def _inputs(
    records: Iterable[Record], health: Iterable[Record] = (), **schedule: object
) -> tuple[Matrix, MatrixResults]:
    matrix = Matrix("two", "", (), (a_variant(),), schedule=Schedule(**schedule))  # type: ignore[arg-type]
    return matrix, MatrixResults({SLUG: group_runs(records)}, health=tuple(health))


def _case(records: Iterable[Record], **schedule: object) -> Case:
    (case,) = cases_of_results(*_inputs(records, **schedule))
    return case


def _said(report: Report, check: Check) -> list[str]:
    return [finding.sentence for finding in report.findings if finding.check is check]


def test_the_times_of_a_variant_are_medians_over_the_repeats_of_all_runs() -> None:
    runs = [_run(3, 216_500), _run(1, 216_000), _run(2, 216_900)]
    (time,) = _report(runs, runs=3).times
    assert (time.samples, time.table.rows[0][1], time.table.rows[-1][1]) == (
        "3 runs of 2 repeats",
        "1.002",
        "1.002",
    )
    (timing,) = timings_of_cases([_case(runs, runs=3)])
    assert [len(repeats) for repeats in timing.total.by_run] == [2, 2, 2]
    assert timing.total.by_run[0] == pytest.approx((1.0, 216_002 / 216_000))


def test_each_run_has_its_row_and_a_single_run_no_table() -> None:
    table = _report([_run(2, 216_000), _run(1, SILENCE)], runs=2).runs
    assert table is not None
    assert [row[:5] for row in table.rows] == [
        ("[1]", "1", "plan", "-", "infrastructure, timeout"),
        ("[1]", "2", "plan", "1.000", "correct"),
    ]
    assert _report([_run(1, 216_000)]).runs is None


def test_a_variant_that_lacks_runs_has_times_and_the_report_is_not_complete() -> None:
    report = _report([_run(1, 216_000), _run(2, SILENCE)], runs=3)
    assert report.summary == "1 of 1 variants have times, 1 of them not of all runs."
    assert report.warning == "This report is not complete."
    assert _said(report, Check.LACKING_RUNS) == [
        "[1]: 1 of 3 runs have times; run 2 ended with infrastructure, timeout: the board sent nothing; "
        "run 3 was not run yet."
    ]


def test_a_run_that_the_variant_is_to_blame_for_takes_the_times_of_the_others() -> None:
    case = _case([_run(1, 216_000), _run(2, ParseError("a line is missing"))], runs=2)
    assert not case.is_measured
    assert case.result == "failed: target, parse"


def test_what_was_blocked_says_that_and_nothing_else_failed() -> None:
    blocked = [_case([_run(1, BLOCKED)]), _case([_run(1, 216_000), _run(2, BLOCKED)], runs=2)]
    assert all(case.is_blocked and not case.is_complete for case in blocked)
    assert blocked[0].result == "blocked"
    assert not _case([_run(1, SILENCE), _run(2, BLOCKED)], runs=2).is_blocked
    report = _report([_run(1, BLOCKED)])
    assert str(report.failures[0]).endswith(f"{SLUG}: blocked: {BLOCKED.message}")


def test_a_matrix_with_fewer_runs_than_before_shows_the_first_ones() -> None:
    case = _case([_run(run, 216_000 + run) for run in (1, 2, 3)], runs=2)
    assert [record.slot.run for record in case.runs] == [1, 2]
    assert case.is_complete


def test_runs_on_a_virtual_board_that_differ_are_a_finding_and_on_hardware_they_do() -> None:
    def said(*cycles: int, kind: BoardKind) -> list[str]:
        runs = [_run(number, one, kind) for number, one in enumerate(cycles, 1)]
        return _said(_report(runs, runs=2), Check.UNEQUAL_RUNS)

    assert said(216_000, 216_001, kind=BoardKind.VIRTUAL)
    assert not said(216_000, 216_000, kind=BoardKind.VIRTUAL)
    assert not said(216_000, 216_001, kind=BoardKind.REAL)


def _references(*cycles: int, kind: BoardKind = BoardKind.REAL) -> list[Record]:
    moments = [_run(1, one, kind, moment=moment) for one, moment in zip(cycles, Moment, strict=False)]
    return [_run(1, cycles[0], kind), *moments]


def test_a_reference_that_changed_by_more_than_is_allowed_is_a_finding() -> None:
    drifted = _report(_references(216_000, 217_000, 220_000), references=(SLUG,), drift_percent=1.0)
    assert _said(drifted, Check.DRIFT) == [
        "[1], the reference, drifted by 1.85 % between start and end: times of these runs may be off by "
        "as much."
    ]
    assert drifted.drift is not None
    assert [row[1:4] for row in drifted.drift.rows] == [
        ("start", "1.000", "0.0"),
        ("middle", "1.005", "+0.5"),
        ("end", "1.019", "+1.9"),
    ]
    steady = _report(_references(216_000, 217_000, 216_500), references=(SLUG,), drift_percent=1.0)
    assert not _said(steady, Check.DRIFT)


def test_on_a_virtual_board_nothing_may_drift_whatever_is_allowed() -> None:
    report = _report(
        _references(216_000, 216_001, kind=BoardKind.VIRTUAL), references=(SLUG,), drift_percent=5.0
    )
    assert len(_said(report, Check.DRIFT)) == 1


def test_units_that_are_not_fit_or_not_as_they_were_are_findings() -> None:
    fit = _run(1, 100_000, unit="one")
    unfit = _run(1, SILENCE, unit="two")
    drifting = replace(_run(1, 101_000, unit="three"), drift="it took longer")
    report = _report([_run(1, 216_000)], [fit, unfit, drifting])
    assert _said(report, Check.UNIT_UNFIT) == [
        "The unit two of lab was set aside: the image that tests it ended with timeout, "
        "the board sent nothing."
    ]
    assert _said(report, Check.UNIT_DRIFT) == ["The unit three of lab drifts: it took longer."]
    assert report.health is not None
    assert [row[:4] for row in report.health.rows] == [
        ("lab", "one", "passed", "100000"),
        ("lab", "two", "failed: infrastructure, timeout", "-"),
        ("lab", "three", "passed", "101000"),
    ]
    quiet = _report([_run(1, 216_000)], [fit])
    assert (
        not _said(quiet, Check.UNIT_UNFIT) + _said(quiet, Check.UNIT_DRIFT) + _said(quiet, Check.UNIT_FLAKY)
    )


def test_a_test_that_is_not_believed_is_named() -> None:
    matrix, results = _inputs([_run(1, 216_000)])
    results = replace(results, unbelieved=("not believed: a file was changed",))
    report = with_tests_of_units(make_report(matrix, cases_of_results(matrix, results)), results)
    assert _said(report, Check.UNIT_UNBELIEVED) == ["A test of a unit is not believed: a file was changed."]
