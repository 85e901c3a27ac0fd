"""All that the report of a matrix says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from mcumatrix.model.publication import Publication
from mcumatrix.model.record import Record, Status
from mcumatrix.model.results import MatrixResults
from mcumatrix.model.variant import Exclusion, Matrix, Substitution
from mcumatrix.report.content.accuracy import accuracy_table
from mcumatrix.report.content.beside import Beside, beside_published
from mcumatrix.report.content.charts import (
    ChangeChart,
    Chart,
    LayerChart,
    SpreadChart,
    change_charts,
    time_charts,
)
from mcumatrix.report.content.comparisons import (
    ComparisonPart,
    compared,
    comparison_parts,
    default_comparison,
    total_tables,
)
from mcumatrix.report.content.energy import energy_table
from mcumatrix.report.content.events import event_table, without_events
from mcumatrix.report.content.evidence import Evidence, evidence_of_cases
from mcumatrix.report.content.findings.find import find, find_of_units
from mcumatrix.report.content.findings.finding import Finding
from mcumatrix.report.content.history import Past, pasts
from mcumatrix.report.content.history_chart import HistoryChart, history_charts
from mcumatrix.report.content.memory import memory_tables
from mcumatrix.report.content.repeated import drift_table, health_table, runs_table
from mcumatrix.report.content.switches import Switch, switches
from mcumatrix.report.content.tables import (
    Case,
    Part,
    Table,
    TimeTable,
    blamed,
    case_table,
    label_table,
    provenance_table,
    reproduction_table,
    size_tables,
    time_tables,
)
from mcumatrix.report.content.timings import timings_of_cases
from mcumatrix.stages.log_lines import TimeLines

MAXIMUM_SWITCHES = 48
"""What more switches did is in `report.json` alone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A case without times, and why."""

    case: str
    variant: str
    reason: str

    def __str__(self) -> str:
        return f"{self.case} {self.variant}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """The contents of a report, in the order in which they are shown.

    `summary` says how complete it is, and `warning` that it is not, where it is not. Tables are None where
    there is nothing to be in them; `labels` has what the values of own axes stand for. Where there are more
    `comparisons` than people read, `totals` are shown instead. `records` are those that it was made from. A
    report of numbers that others printed has their `source`, and their tables in `printed` in place of
    `times`.
    """

    title: str
    description: str
    summary: str
    warning: str
    substitutions: tuple[Substitution, ...]
    cases: Table
    times: tuple[TimeTable, ...]
    comparisons: tuple[ComparisonPart, ...]
    switches: tuple[Switch, ...]
    labels: Table | None
    sizes: tuple[Part, ...]
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    rebuilt: Table | None
    exclusions: tuple[Exclusion, ...]
    provenance: Table | None
    tools: tuple[str, ...]
    records: tuple[Record, ...]
    source: str = ""
    printed: tuple[Part, ...] = ()
    beside: tuple[Beside, ...] = ()
    runs: Table | None = None
    drift: Table | None = None
    health: Table | None = None
    totals: tuple[Part, ...] = ()
    time_charts: tuple[LayerChart | SpreadChart, ...] = ()
    change_charts: tuple[ChangeChart, ...] = ()
    history_charts: tuple[HistoryChart, ...] = ()
    pasts: tuple[Past, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    memory: tuple[Part, ...] = ()
    accuracy: Table | None = None
    energy: Table | None = None
    events: Table | None = None
    without_events: tuple[str, ...] = ()

    @property
    def shown_switches(self) -> tuple[Switch, ...]:
        """Those that people read; `report.json` has all."""
        return self.switches[:MAXIMUM_SWITCHES]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All of them, each with a name of its own."""
        return (*self.time_charts, *self.change_charts, *self.history_charts)


def make_report(
    matrix: Matrix,
    cases: Sequence[Case],
    publications: Sequence[Publication] = (),
    lines_of_variant: Mapping[str, TimeLines] = MappingProxyType({}),
    runs_of_variant: Mapping[str, Sequence[Record]] = MappingProxyType({}),
) -> Report:
    """The report of the cases, complete or not: it says how many there are and why the others are not.

    `publications` are those that our times are to stand beside. `lines_of_variant` has where the raw logs of
    variants have the times, and `runs_of_variant` all records of those that ran several times, oldest first.
    """
    records = tuple(record for case in cases for record in case.runs)
    summary, warning = _summary(cases)
    timings = timings_of_cases(cases)
    leading = matrix.comparisons or default_comparison(timings)
    led = compared(timings, leading)
    comparisons = comparison_parts(timings, led)
    slugs = {case.variant for case in cases}
    history = pasts({slug: runs for slug, runs in runs_of_variant.items() if slug in slugs})
    return Report(
        title=matrix.name,
        description=matrix.description,
        summary=summary,
        warning=warning,
        substitutions=matrix.substitutions,
        cases=case_table(cases),
        times=tuple(time_tables(cases)),
        comparisons=comparisons,
        switches=switches(timings, led),
        labels=label_table(cases),
        sizes=size_tables(cases),
        findings=tuple(find(cases, timings, matrix.schedule.drift_percent)),
        failures=tuple(
            Failure(case.label, case.variant, _why_not_measured(case))
            for case in cases
            if not case.is_measured
        ),
        rebuilt=reproduction_table(cases),
        exclusions=matrix.exclusions,
        provenance=provenance_table(cases),
        tools=_tools(records),
        records=records,
        beside=beside_published(timings, publications),
        runs=runs_table(cases),
        drift=drift_table(cases),
        totals=total_tables(comparisons),
        time_charts=time_charts(timings),
        change_charts=change_charts([part.pair for part in comparisons]),
        history_charts=history_charts(history),
        pasts=history,
        evidence=evidence_of_cases(cases, lines_of_variant),
        memory=memory_tables(cases),
        accuracy=accuracy_table(cases),
        energy=energy_table(cases),
        events=event_table(cases),
        without_events=without_events(cases),
    )


def with_tests_of_units(report: Report, results: MatrixResults) -> Report:
    """The same with what is known of the units that its variants ran on."""
    found = find_of_units(results.health, results.unbelieved)
    return replace(report, health=health_table(results.health), findings=(*report.findings, *found))


def _summary(cases: Sequence[Case]) -> tuple[str, str]:
    measured = sum(case.is_measured for case in cases)
    lacking = sum(bool(case.lacking) for case in cases)
    if lacking:
        return (
            f"{measured} of {len(cases)} variants have times, {lacking} of them not of all runs.",
            "This report is not complete.",
        )
    if measured == len(cases):
        return f"All {len(cases)} variants were measured, with correct answers.", ""
    as_expected = sum(case.failed_as_expected for case in cases)
    times = f"{measured} of {len(cases)} variants have times"
    if as_expected and measured + as_expected == len(cases):
        return f"{times}; the other {as_expected} failed, as expected.", ""
    return f"{times}.", "This report is not complete."


def _why_not_measured(case: Case) -> str:
    """The reason that a case without times has."""
    if case.record is None:
        if case.untried:
            return f"{case.untried}{_expected(case)}"
        return "not run yet: the run that made this report left it out"
    if case.record.status is Status.BLOCKED:
        return f"blocked: {case.record.reason}"
    reason = f"{blamed(case.record)}: {case.record.reason}"
    if case.record.attempt > 1:
        reason += f" (and so {case.record.attempt} times)"
    return f"{reason}{_expected(case)}"


def _expected(case: Case) -> str:
    return f" (expected: {case.expect.reason})" if case.failed_as_expected else ""


def _tools(records: Sequence[Record]) -> tuple[str, ...]:
    lines: dict[str, None] = {}
    for record in records:
        if record.image:
            lines[f"compiler: {record.image.toolchain.version}"] = None
        for tool, version in record.provenance.tools.items():
            lines[f"{tool}: {version}"] = None
    return tuple(lines)
