"""What a report says of the events that a core counted within layers."""

from collections.abc import Iterator, Sequence

from mcumatrix.model.event_counts import EventCounts, EventsOfLayer, events_of_layers
from mcumatrix.model.record import Measurement
from mcumatrix.report.content.tables import NO_VALUE, Case, Table

_HEADER = (
    "Case",
    "Layer",
    "cycles",
    "instructions",
    "CPI",
    "load/store",
    "exceptions",
    "sleep",
    "folded",
    "cycles an instruction",
)


def event_table(cases: Sequence[Case]) -> Table | None:
    """One row for each layer of each case whose core has counted; None if there is none.

    Like times, counts are there only with a correct answer.
    """
    rows = [
        (case.label, op, *_row(events))
        for case, measurement, counts in _counted(cases)
        for op, events in zip(
            (layer.op for layer in measurement.layers), events_of_layers(counts), strict=False
        )
    ]
    return Table(_HEADER, tuple(rows)) if rows else None


def without_events(cases: Sequence[Case]) -> tuple[str, ...]:
    """Why cases have no counts that were to have some, as sentences."""
    missing = [case.label for case, _, counts in _counted(cases) if not counts.has_counters]
    if not missing:
        return ()
    return (f"{', '.join(missing)}: the core has no event counters (DWT_CTRL.NOPRFCNT is set).",)


def _counted(cases: Sequence[Case]) -> Iterator[tuple[Case, Measurement, EventCounts]]:
    for case in cases:
        for measurement in case.measurements[:1]:
            if measurement.events is not None:
                yield case, measurement, measurement.events


def _row(events: EventsOfLayer) -> tuple[str, ...]:
    counts = (
        events.instructions,
        events.cpi,
        events.load_store,
        events.exceptions,
        events.sleep,
        events.folded,
    )
    per_instruction = f"{events.cycles / events.instructions:.2f}" if events.instructions else NO_VALUE
    return (
        str(events.cycles),
        *(NO_VALUE if count is None else str(count) for count in counts),
        per_instruction,
    )
