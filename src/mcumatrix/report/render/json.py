"""The report as JSON, for programs: what Markdown shows, as numbers."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcumatrix.model.record import Record
from mcumatrix.report.content.comparisons import Pair
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import Part, Table
from mcumatrix.results.statistics import median_interval, summarise
from mcumatrix.units import milliseconds

SCHEMA = 1
"""Raised when a field changes its meaning."""


def render_json(report: Report, _templates: Path) -> bytes:
    """A report as a JSON file, in UTF-8, with keys in a fixed order."""
    document = {
        "schema": SCHEMA,
        "title": report.title,
        "description": report.description,
        "summary": report.summary,
        "warning": report.warning,
        "source": report.source,
        "findings": [
            {"check": found.check.value, "sentence": found.sentence, "evidence": list(found.evidence)}
            for found in report.findings
        ],
        "cases": _table(report.cases),
        "records": [_record(record) for record in report.records],
        "printed": [_part(part) for part in report.printed],
        "comparisons": [
            {"heading": part.heading, "notes": list(part.notes), **_pair(part.pair)}
            for part in report.comparisons
        ],
        "switches": [
            {
                "axis": switch.axis,
                "base": switch.base,
                "candidate": switch.candidate,
                "has_effect": switch.has_effect,
                "sentences": list(switch.sentences),
                "pairs": [
                    {
                        "base_case": pair.base_label,
                        "candidate_case": pair.candidate_label,
                        "relative": [difference.relative for difference in pair.differences],
                    }
                    for pair in switch.pairs
                ],
            }
            for switch in report.switches
        ],
        "beside": [
            {
                "name": beside.name,
                "source": beside.source,
                "notes": list(beside.notes),
                "cases": [_part(part) for part in beside.parts],
            }
            for beside in report.beside
        ],
        "sizes": [_part(part) for part in report.sizes],
        "failures": [
            {"case": failure.case, "variant": failure.variant, "reason": failure.reason}
            for failure in report.failures
        ],
        "rebuilt": _table(report.rebuilt) if report.rebuilt else None,
        "left_out": [
            {"axes": dict(exclusion.axes), "reason": exclusion.reason} for exclusion in report.exclusions
        ],
        "substitutions": [{"wanted": one.wanted, "used": one.used} for one in report.substitutions],
        "provenance": _table(report.provenance) if report.provenance else None,
        "tools": list(report.tools),
    }
    return (json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _part(part: Part) -> dict[str, object]:
    return {"heading": part.heading, **_table(part.table)}


def _table(table: Table) -> dict[str, object]:
    return {"header": list(table.header), "rows": [list(row) for row in table.rows]}


def _record(record: Record) -> dict[str, object]:
    """Times only where the answer was correct, as everywhere."""
    measurement = record.measurement
    layers: Sequence[Mapping[str, object]] = ()
    total: Mapping[str, object] | None = None
    if measurement is not None and record.correctness is not None and record.correctness.correct:
        clock_hz = measurement.clock.measured_hz
        layers = [{"op": layer.op, **_times(layer.cycles, clock_hz)} for layer in measurement.layers]
        total = _times(measurement.total_cycles, clock_hz)
    return {
        "variant": record.variant,
        "axes": dict(record.axes),
        "status": record.status.value,
        "reason": record.reason,
        "kind": record.provenance.kind.value,
        "timing_model": record.provenance.timing_model,
        "expected_error": record.provenance.expected_error,
        "finished_at": record.finished_at,
        "build_id": record.image.build_id if record.image else None,
        "elf_sha256": record.image.elf_sha256 if record.image else None,
        "max_error": _finite(record.correctness.max_error) if record.correctness else None,
        "record": record.name,
        "layers": list(layers),
        "total": total,
    }


def _times(cycles: tuple[int, ...], clock_hz: int) -> dict[str, Any]:
    summary = summarise(cycles)
    interval = median_interval([cycles]) if len(set(cycles)) > 1 else None
    return {
        "cycles": list(cycles),
        "median_msec": milliseconds(summary.cycles_median, clock_hz),
        "interval_msec": [milliseconds(edge, clock_hz) for edge in (interval.low, interval.high)]
        if interval
        else None,
    }


def _finite(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _pair(pair: Pair) -> dict[str, object]:
    return {
        "axis": pair.axis,
        "base": pair.base,
        "candidate": pair.candidate,
        "base_case": pair.base_label,
        "candidate_case": pair.candidate_label,
        "setting": dict(pair.setting),
        "differing": list(pair.differing),
        "refused": {"kind": pair.refused.kind.value, "sentence": pair.refused.sentence}
        if pair.refused
        else None,
        "deterministic": pair.deterministic,
        "rows": difference_rows(pair),
    }


def difference_rows(pair: Pair) -> list[dict[str, object]]:
    """The differences of a pair, the total last; none where it was refused."""
    return [
        {
            "op": row.op,
            "base_msec": row.base_msec,
            "candidate_msec": row.candidate_msec,
            "diff_msec": row.diff_msec,
            "relative": row.relative,
            "verdict": row.verdict.value,
            "interval_msec": [row.interval.low, row.interval.high] if row.interval else None,
        }
        for row in pair.differences
    ]
