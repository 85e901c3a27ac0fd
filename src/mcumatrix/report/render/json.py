"""The report as JSON, for programs: what Markdown shows, as numbers."""

import math
from collections.abc import Iterable

from mcumatrix.model.record import Record, Status
from mcumatrix.overlay import Folders
from mcumatrix.report.content.beside import Beside
from mcumatrix.report.content.comparisons import ComparisonPart, Pair
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.switches import Switch
from mcumatrix.report.content.tables import Part, Table
from mcumatrix.report.render.document import (
    SCHEMA,
    AccuracyData,
    BesideData,
    ComparisonData,
    DifferenceData,
    FailureData,
    FindingData,
    LayerData,
    LeftOutData,
    MemoryData,
    PartData,
    RecordData,
    RefusalData,
    ReportData,
    SettingData,
    SubstitutionData,
    SwitchData,
    SwitchPairData,
    TableData,
    TimesData,
    to_json,
)
from mcumatrix.results.statistics import median_interval, share_interval, summarise
from mcumatrix.units import milliseconds


def render_json(report: Report, _templates: Folders) -> bytes:
    """A report as a JSON file, in UTF-8, with keys in a fixed order; docs/ has its schema."""
    return to_json(_report(report))


def _report(report: Report) -> ReportData:
    return ReportData(
        schema=SCHEMA,
        title=report.title,
        description=report.description,
        summary=report.summary,
        warning=report.warning,
        source=report.source,
        findings=[
            FindingData(found.check.value, found.sentence, list(found.evidence)) for found in report.findings
        ],
        cases=_table(report.cases),
        records=map(_record, report.records),
        printed=_parts(report.printed),
        comparisons=map(_comparison, report.comparisons),
        switches=map(_switch, report.switches),
        beside=[_beside(beside) for beside in report.beside],
        labels=_table(report.labels) if report.labels else None,
        runs=_table(report.runs) if report.runs else None,
        drift=_table(report.drift) if report.drift else None,
        health=_table(report.health) if report.health else None,
        accuracy=_table(report.accuracy) if report.accuracy else None,
        energy=_table(report.energy) if report.energy else None,
        events=_table(report.events) if report.events else None,
        without_events=list(report.without_events),
        sizes=_parts(report.sizes),
        failures=[FailureData(failure.case, failure.variant, failure.reason) for failure in report.failures],
        rebuilt=_table(report.rebuilt) if report.rebuilt else None,
        left_out=[LeftOutData(dict(exclusion.axes), exclusion.reason) for exclusion in report.exclusions],
        substitutions=[SubstitutionData(one.wanted, one.used) for one in report.substitutions],
        provenance=_table(report.provenance) if report.provenance else None,
        tools=list(report.tools),
        memory=_parts(report.memory),
    )


def _table(table: Table) -> TableData:
    return TableData(list(table.header), [list(row) for row in table.rows])


def _parts(parts: Iterable[Part]) -> list[PartData]:
    return [
        PartData(heading=part.heading, header=list(part.table.header), rows=[*map(list, part.table.rows)])
        for part in parts
    ]


def _record(record: Record) -> RecordData:
    """Times only where the answer was correct, as everywhere."""
    measurement = record.measurement
    layers: list[LayerData] = []
    total: TimesData | None = None
    if measurement is not None and record.status is Status.OK:
        clock_hz = measurement.clock.measured_hz
        layers = [LayerData(*_times(layer.cycles, clock_hz), op=layer.op) for layer in measurement.layers]
        total = TimesData(*_times(measurement.total_cycles, clock_hz))
    return RecordData(
        variant=record.variant,
        axes=dict(record.axes),
        settings=None
        if record.settings is None
        else [
            SettingData(setting.axis, setting.label, list(setting.flags), dict(setting.cmake))
            for setting in record.settings
        ],
        status=record.status.value,
        reason=record.reason,
        kind=record.provenance.kind.value,
        timing_model=record.provenance.timing_model,
        expected_error=record.provenance.expected_error,
        finished_at=record.finished_at,
        build_id=record.image.build_id if record.image else None,
        elf_sha256=record.image.elf_sha256 if record.image else None,
        max_error=_finite(record.correctness.max_error) if record.correctness else None,
        record=record.name,
        run=record.slot.run,
        unit=record.provenance.unit,
        accuracy=_accuracy(record),
        layers=layers,
        total=total,
        memory=_memory(record),
    )


def _memory(record: Record) -> MemoryData | None:
    """Whatever the answer was: memory does not depend on it."""
    measurement, flash_bytes = record.measurement, record.image.sizes.flash_bytes if record.image else {}
    if measurement is None and not flash_bytes:
        return None
    stack = measurement.stack if measurement else None
    return MemoryData(
        arena_bytes=measurement.arena_bytes if measurement else None,
        arena_kinds_bytes={str(kind): size for kind, size in measurement.arena_kinds.items()}
        if measurement
        else {},
        stack_inference_bytes=stack.inference_bytes if stack else None,
        stack_deepest_bytes=stack.deepest_bytes if stack else None,
        stack_size_bytes=stack.size_bytes if stack else None,
        flash_bytes={str(part): size for part, size in flash_bytes.items()},
    )


def _accuracy(record: Record) -> AccuracyData | None:
    accuracy, asked = record.accuracy, record.asked
    if accuracy is None or asked is None or not asked.samples:
        return None
    interval = share_interval(accuracy.correct, asked.samples)
    return AccuracyData(
        samples=asked.samples,
        set_samples=accuracy.set_samples,
        correct=accuracy.correct,
        share=accuracy.correct / asked.samples,
        interval=[interval.low, interval.high],
        host_correct=accuracy.host_correct if accuracy.answers_sha256 else None,
        unlike_host=list(accuracy.deviating),
        set_sha256=accuracy.set_sha256,
    )


def _times(cycles: tuple[int, ...], clock_hz: int) -> tuple[list[int], float, list[float] | None]:
    interval = median_interval([cycles]) if len(set(cycles)) > 1 else None
    return (
        list(cycles),
        milliseconds(summarise(cycles).cycles_median, clock_hz),
        [milliseconds(edge, clock_hz) for edge in (interval.low, interval.high)] if interval else None,
    )


def _finite(number: float) -> float | str:
    return float(number) if math.isfinite(number) else str(number)


def _comparison(part: ComparisonPart) -> ComparisonData:
    pair = part.pair
    return ComparisonData(
        heading=part.heading,
        notes=list(part.notes),
        axis=pair.axis,
        base=pair.base,
        candidate=pair.candidate,
        base_case=pair.base_label,
        candidate_case=pair.candidate_label,
        setting=dict(pair.setting),
        differing=list(pair.differing),
        refused=RefusalData(pair.refused.kind.value, pair.refused.sentence) if pair.refused else None,
        deterministic=pair.deterministic,
        rows=difference_rows(pair),
    )


def difference_rows(pair: Pair) -> list[DifferenceData]:
    """The differences of a pair, the total last; none where it was refused."""
    return [
        DifferenceData(
            op=row.op,
            base_msec=row.base_msec,
            candidate_msec=row.candidate_msec,
            diff_msec=row.diff_msec,
            relative=row.relative,
            verdict=row.verdict.value,
            interval_msec=[row.interval.low, row.interval.high] if row.interval else None,
        )
        for row in pair.differences
    ]


def _switch(switch: Switch) -> SwitchData:
    return SwitchData(
        axis=switch.axis,
        base=switch.base,
        candidate=switch.candidate,
        has_effect=switch.has_effect,
        sentences=list(switch.sentences),
        pairs=[
            SwitchPairData(pair.base_label, pair.candidate_label, [row.relative for row in pair.differences])
            for pair in switch.pairs
        ],
    )


def _beside(beside: Beside) -> BesideData:
    return BesideData(beside.name, beside.source, list(beside.notes), _parts(beside.parts))
