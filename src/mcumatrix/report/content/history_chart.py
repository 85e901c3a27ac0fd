"""What the chart of runs over time shows, as frozen data."""

from collections.abc import Sequence
from dataclasses import dataclass

from mcumatrix.report.content.history import Past, summary_of
from mcumatrix.report.content.tables import TOTAL

MAXIMUM_PASTS = 6
"""Variants in a chart of history."""

MAXIMUM_LINES = 6
"""Layers of a variant in it, the total among them."""

MAXIMUM_POINTS = 60
"""Runs of a variant in it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A run: its number, the time in percent of that of the first run shown, and what it is in words."""

    run: int
    percent: float
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    """A layer, or the total, over the runs."""

    layer: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class HistoryPanel:
    """A variant; `steps` are the runs at which a layer changed."""

    heading: str
    lines: tuple[Line, ...]
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HistoryChart:
    """Runs over time, a panel for each variant, in percent of the first run."""

    name: str
    title: str
    description: str
    note: str
    panels: tuple[HistoryPanel, ...]


def history_charts(pasts: Sequence[Past]) -> tuple[HistoryChart, ...]:
    """One chart, of those variants that changed, or of the first ones; none where there is no history."""
    if not pasts:
        return ()
    shown = pasts[:MAXIMUM_PASTS]
    notes = []
    if len(shown) < len(pasts):
        notes.append(f"Shown are {len(shown)} of {len(pasts)} variants, those with changes first.")
    if any(len(past.runs) > MAXIMUM_POINTS for past in shown):
        notes.append(f"Shown are the last {MAXIMUM_POINTS} runs.")
    title = "Runs over time, in percent of the first run"
    return (
        HistoryChart(
            name="history-1",
            title=title,
            description=f"{title}. {' '.join(summary_of(past) for past in shown)}",
            note=" ".join(notes),
            panels=tuple(map(_panel, shown)),
        ),
    )


def _panel(past: Past) -> HistoryPanel:
    first = max(0, len(past.runs) - MAXIMUM_POINTS)
    steps = sorted({step.run for step in past.steps if step.run > first + 1})
    return HistoryPanel(
        past.variant, tuple(_line(past, layer, first) for layer in _layers(past)), tuple(steps)
    )


def _layers(past: Past) -> list[str]:
    """Those that changed most, else those that take most, in the order of the network; the total last."""
    changed = {layer: 0.0 for layer in past.msec if layer != TOTAL}
    for step in past.steps:
        if step.layer != TOTAL:
            changed[step.layer] = max(changed[step.layer], abs(step.relative or 0))
    most = sorted(changed, key=lambda layer: (-changed[layer], -past.msec[layer][-1]))
    return [*(layer for layer in past.msec if layer in most[: MAXIMUM_LINES - 1]), TOTAL]


def _line(past: Past, layer: str, first: int) -> Line:
    values = past.msec[layer][first:]
    base = values[0] or 1.0
    return Line(
        layer,
        tuple(
            Point(
                run.number,
                value / base * 100,
                f"{past.variant}, {layer}, run {run.number} ({run.finished_at}"
                f"{f', project at {run.commit}' if run.commit else ''}): {value:.3f} msec",
            )
            for run, value in zip(past.runs[first:], values, strict=True)
        ),
    )
