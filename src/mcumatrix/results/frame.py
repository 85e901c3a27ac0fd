"""Records as a table: one row per variant and layer."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from statistics import median

from mcumatrix.model.axes import AXES, BUILTIN, BuiltinAxis
from mcumatrix.model.event_counts import EventsOfLayer, events_of_layers
from mcumatrix.model.image import FlashPart
from mcumatrix.model.memory import ArenaKind
from mcumatrix.model.record import Record, Status
from mcumatrix.results.statistics import share_interval, summarise
from mcumatrix.units import milliseconds

_MEMORY = (
    "arena_bytes",
    *(f"arena_{kind}_bytes" for kind in ArenaKind),
    "stack_inference_bytes",
    "stack_deepest_bytes",
    *(f"flash_{part}_bytes" for part in FlashPart),
)
"""In the row of the whole inference, or in that of a variant without times."""

_HEAD = ("variant", *(axis.column_name for axis in AXES))
_TAIL = (
    "layer",
    "op",
    "source",
    "functions",
    "cycles_min",
    "cycles_median",
    "cycles_max",
    "ms_median",
    "correct",
    "status",
    "reason",
    "provenance",
    "timing_model",
    "expected_error",
    "fingerprint",
    "elf_sha256",
    "cause",
    "flaky",
    "settings",
    "run",
    *_MEMORY,
    "samples",
    "samples_right",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "samples_unlike_host",
)
"""Between them stand the axes of the maintainer's own, by their names."""
_ENERGY = ("energy_mj_median", "energy_mj_uncertainty", "energy_rate_hz")
"""At the end, and only where there is any: most boards have no current probe."""
_EVENTS = {f"events_{field.name}": field.name for field in fields(EventsOfLayer)}
"""Likewise: most images count none, and not all cores can."""

TOTAL_OP = "TOTAL"
"""The operator of the row that has the time of the whole inference; its layer is empty."""


RowsOfRecord = tuple[dict[str, object], list[dict[str, object]]]
"""What all rows of a record have in common, and what each of them has besides."""


def rows_by_record(records: Iterable[Record]) -> Iterator[RowsOfRecord]:
    """One row per layer and one for the total; a variant without times has one row with its reason."""
    for record in records:
        own_axes = {name: value for name, value in record.axes.items() if name not in BUILTIN}
        common: dict[str, object] = {
            "variant": record.variant,
            **{axis.column_name: _cell(axis, record) for axis in AXES},
            **own_axes,
            "correct": record.is_right,
            "status": record.status.value,
            "reason": record.reason,
            "cause": record.blame and record.blame.value,
            "flaky": record.flaky,
            "run": record.slot.run,
            "provenance": record.provenance.kind.value,
            "timing_model": record.provenance.timing_model,
            "expected_error": record.provenance.expected_error,
            "fingerprint": record.fingerprint,
            "elf_sha256": record.image.elf_sha256 if record.image else None,
            "settings": "; ".join(map(str, record.settings or ())),
            **_accuracy(record),
        }
        yield common, list(_own(record))


def _own(record: Record) -> Iterator[dict[str, object]]:
    measurement = record.measurement
    # A time counts only with a correct answer.
    if measurement is None or record.status is not Status.OK:
        yield _times(None, "", None, record.clock_hz) | _memory(record)
        return
    events = events_of_layers(measurement.events) if measurement.events else ()
    for index, layer in enumerate(measurement.layers):
        times = _times(index, layer.op, layer.cycles, measurement.clock.measured_hz)
        counted = {column: getattr(events[index], name) for column, name in _EVENTS.items()} if events else {}
        yield times | {"source": layer.source, "functions": " ".join(layer.functions)} | counted
    times = _times(None, TOTAL_OP, measurement.total_cycles, measurement.clock.measured_hz)
    yield times | _memory(record) | _energy(record)


def _memory(record: Record) -> dict[str, object]:
    measurement = record.measurement
    found: dict[str, object] = {}
    if measurement is not None:
        found["arena_bytes"] = measurement.arena_bytes
        found |= {f"arena_{kind}_bytes": size for kind, size in measurement.arena_kinds.items()}
    if measurement is not None and measurement.stack is not None:
        found["stack_inference_bytes"] = measurement.stack.inference_bytes
        found["stack_deepest_bytes"] = measurement.stack.deepest_bytes
    if record.image is not None:
        found |= {f"flash_{part}_bytes": size for part, size in record.image.sizes.flash_bytes.items()}
    return found


def _cell(axis: BuiltinAxis, record: Record) -> object:
    """The value of an axis; None in a record from before there was the axis."""
    text = record.axes.get(axis.name)
    return None if text is None else axis.cell(text)


def _times(layer: int | None, op: str, cycles: tuple[int, ...] | None, clock_hz: int) -> dict[str, object]:
    summary = summarise(cycles) if cycles else None
    return {
        "layer": layer,
        "op": op,
        "cycles_min": summary and summary.cycles_min,
        "cycles_median": summary and summary.cycles_median,
        "cycles_max": summary and summary.cycles_max,
        "ms_median": summary and milliseconds(summary.cycles_median, clock_hz),
    }


def _accuracy(record: Record) -> dict[str, object]:
    """The answers to a labelled set, shares from 0 to 1; nothing where it was not asked."""
    accuracy, asked = record.accuracy, record.asked
    if accuracy is None or asked is None or not asked.samples:
        return {}
    interval = share_interval(accuracy.correct, asked.samples)
    return {
        "samples": asked.samples,
        "samples_right": accuracy.correct,
        "accuracy": accuracy.correct / asked.samples,
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "samples_unlike_host": len(accuracy.deviating) if accuracy.answers_sha256 else None,
    }


def _energy(record: Record) -> dict[str, object]:
    """That of an inference, in millijoules, in the row of the whole; nothing where there is none."""
    energy = record.energy
    if energy is None or not energy.inferences_j:
        return {}
    return {
        "energy_mj_median": 1e3 * median(energy.inferences_j),
        "energy_mj_uncertainty": 1e3 * energy.expanded_uncertainty_j,
        "energy_rate_hz": energy.rate_hz,
    }


def columns(records: Collection[Record]) -> tuple[str, ...]:
    """The names that rows may have, in their order: those of the maintainer's own axes in the middle."""
    own_axes = dict.fromkeys(name for record in records for name in record.axes if name not in BUILTIN)
    energy = _ENERGY if any(record.energy for record in records) else ()
    events = _EVENTS if any(_has_events(record) for record in records) else ()
    return (*_HEAD, *own_axes, *_TAIL, *energy, *events)


def _has_events(record: Record) -> bool:
    return bool(record.measurement and record.measurement.events and record.measurement.events.inferences)
