"""What is drawn: each chart as a specification of Vega-Lite (https://vega.github.io/vega-lite/docs/).

The field `said` of a value is what a reader is told who points at its mark.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from typing import Any

from mcumatrix.report.content import charts
from mcumatrix.report.content.history_chart import HistoryChart
from mcumatrix.report.content.tables import BETWEEN, TOTAL
from mcumatrix.report.render.charts import theme

Spec = dict[str, Any]

_WIDTH = 480
_ROW = 24
_PANEL_WIDTH = 300
_NARROW_ROW = 17
_HISTORY_HEIGHT = 160
_NOTE_LETTERS = 80
_PADDING = 10

_ROOM_PER_LETTER = 1.2
"""Texts are measured with one font and shown with the reader's, which may be wider by so many pixels."""

_KIND_COLOURS = {
    charts.FASTER: theme.FASTER,
    charts.SLOWER: theme.SLOWER,
    charts.UNSURE: theme.UNSURE,
    charts.TINY: theme.TINY,
    charts.UNCHANGED: theme.AXIS,
}


@singledispatch
def spec_of(chart: object) -> Spec:
    """The specification of a chart, which is of a kind that has a function here."""
    raise TypeError(f"{type(chart).__name__} is no chart")


@spec_of.register
def _(chart: charts.LayerChart) -> Spec:
    values = [
        {
            "case": bar.case,
            "layer": segment.layer,
            "place": place,
            "msec": round(segment.msec, 6),
            "said": f"{bar.case}, {segment.layer}: {segment.msec:.3f} msec of {bar.total_msec:.3f}",
        }
        for bar in chart.bars
        for place, segment in enumerate(bar.segments)
    ]
    totals = [
        {"case": bar.case, "msec": round(bar.total_msec, 6), "said": f"{bar.total_msec:.3f}"}
        for bar in chart.bars
    ]
    layers = list(dict.fromkeys(segment.layer for bar in chart.bars for segment in bar.segments))
    cases = _axis("case", [bar.case for bar in chart.bars])
    return _spec(
        chart,
        {
            "width": _WIDTH,
            "height": {"step": _ROW},
            "layer": [
                {
                    "data": {"values": values},
                    "mark": {"type": "bar", "stroke": theme.BACKGROUND, "strokeWidth": 0.6},
                    "encoding": {
                        "y": cases,
                        "x": {
                            "field": "msec",
                            "type": "quantitative",
                            "stack": "zero",
                            "axis": {"title": "msec", "tickCount": 6},
                        },
                        "order": {"field": "place", "type": "quantitative"},
                        "color": {
                            "field": "layer",
                            "type": "nominal",
                            "scale": {"domain": layers, "range": _layer_colours(layers)},
                        },
                        "description": {"field": "said"},
                    },
                },
                {
                    "data": {"values": totals},
                    "mark": {"type": "text", "align": "left", "dx": 5},
                    "encoding": {
                        "y": cases,
                        "x": {"field": "msec", "type": "quantitative"},
                        "text": {"field": "said"},
                    },
                },
            ],
        },
        [bar.case for bar in chart.bars],
    )


def _layer_colours(layers: Sequence[str]) -> list[str]:
    """One for each; what is spent between layers is no layer, and has the colour of none."""
    return [
        theme.BETWEEN if layer == BETWEEN else theme.LAYERS[place % len(theme.LAYERS)]
        for place, layer in enumerate(layers)
    ]


@spec_of.register
def _(chart: charts.SpreadChart) -> Spec:
    values = [
        {
            "axis": one.axis,
            "value": one.value,
            "low": one.low,
            "first": one.first_quartile,
            "median": one.median,
            "third": one.third_quartile,
            "high": one.high,
            "said": f"{one.axis} {one.value}: median {one.median:.3f} msec of {one.cases} cases, "
            f"{one.low:.3f} to {one.high:.3f}",
        }
        for one in chart.spreads
    ]
    y, said = _axis("value", None), {"field": "said"}

    def mark(kind: Mapping[str, object], start: str, end: str | None = None) -> Spec:
        x = {"field": start, "type": "quantitative", "axis": {"title": "msec", "tickCount": 6}}
        encoding = {"y": y, "x": x, "description": said, **({"x2": {"field": end}} if end else {})}
        return {"mark": dict(kind), "encoding": encoding}

    return _spec(
        chart,
        {
            "data": {"values": values},
            "facet": {"row": _facet("axis", [one.axis for one in chart.spreads])},
            "spec": {
                "width": _WIDTH,
                "height": {"step": _NARROW_ROW},
                "layer": [
                    mark({"type": "rule", "color": theme.AXIS}, "low", "high"),
                    mark({"type": "bar", "height": 10, "color": theme.FASTER}, "first", "third"),
                    mark({"type": "tick", "size": 14, "thickness": 2, "color": theme.TEXT}, "median"),
                ],
            },
            "resolve": {"scale": {"y": "independent"}},
        },
        [one.value for one in chart.spreads],
    )


@spec_of.register
def _(chart: charts.ChangeChart) -> Spec:
    values = [
        {
            "pair": panel.heading,
            "layer": change.layer,
            "percent": round(change.percent, 4),
            "low": None if change.low is None else round(change.low, 4),
            "high": None if change.high is None else round(change.high, 4),
            "kind": change.kind,
            "said": _said_of_change(panel, change),
        }
        for panel in chart.panels
        for change in panel.changes
    ]
    kinds = [kind for kind in _KIND_COLOURS if any(value["kind"] == kind for value in values)]
    # What did not change has no bar, and needs no colour in the legend.
    shown = [kind for kind in kinds if kind != charts.UNCHANGED]
    names = [change.layer for panel in chart.panels for change in panel.changes]
    y = _axis("layer", names)
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": 11, "stroke": theme.AXIS, "strokeWidth": 0.6},
            "encoding": {
                "y": y,
                "x": {"field": "percent", "type": "quantitative", "axis": {"title": "%", "tickCount": 6}},
                "color": {
                    "field": "kind",
                    "type": "nominal",
                    "scale": {"domain": kinds, "range": [_KIND_COLOURS[kind] for kind in kinds]},
                    "legend": {"values": shown} if shown else None,
                },
                "description": {"field": "said"},
            },
        },
        {"mark": {"type": "rule", "color": theme.AXIS}, "encoding": {"x": {"datum": 0}}},
    ]
    if any(value["low"] is not None for value in values):
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "color": theme.TEXT, "strokeWidth": 1.5},
                "encoding": {
                    "y": y,
                    "x": {"field": "low", "type": "quantitative"},
                    "x2": {"field": "high"},
                },
            }
        )
    return _spec(
        chart,
        {
            "data": {"values": values},
            **_panels("pair", [panel.heading for panel in chart.panels]),
            "spec": {"width": _PANEL_WIDTH, "height": {"step": _NARROW_ROW}, "layer": layers},
        },
        names,
    )


@spec_of.register
def _(chart: HistoryChart) -> Spec:
    values = [
        {
            "variant": panel.heading,
            "layer": line.layer,
            "run": point.run,
            "percent": round(point.percent, 4),
            "said": point.said,
        }
        for panel in chart.panels
        for line in panel.lines
        for point in line.points
    ]
    steps = [{"variant": panel.heading, "step": run} for panel in chart.panels for run in panel.steps]
    lines = (line for panel in chart.panels for line in panel.lines if line.points)
    layers = list(dict.fromkeys(line.layer for line in lines if line.layer != TOTAL))
    colours = _layer_colours(layers)
    run: Spec = {
        "field": "run",
        "type": "quantitative",
        "scale": {"zero": False, "nice": False},
        "axis": {"title": "run", "format": "d", "tickMinStep": 1},
    }
    drawn: Spec = {
        "x": run,
        "y": {
            "field": "percent",
            "type": "quantitative",
            "scale": {"zero": False},
            "axis": {"title": "% of the first run"},
        },
        "color": {
            "field": "layer",
            "type": "nominal",
            "scale": {"domain": [*layers, TOTAL], "range": [*colours, theme.TEXT]},
        },
    }
    return _spec(
        chart,
        {
            "data": {"values": [*values, *steps]},
            **_panels("variant", [panel.heading for panel in chart.panels]),
            "spec": {
                "width": _PANEL_WIDTH,
                "height": _HISTORY_HEIGHT,
                "layer": [
                    {
                        "transform": [{"filter": "isValid(datum.step)"}],
                        "mark": {"type": "rule", "color": theme.AXIS, "strokeDash": [4, 3]},
                        "encoding": {"x": {**run, "field": "step"}},
                    },
                    {
                        "transform": [{"filter": "isValid(datum.run)"}],
                        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5},
                        "encoding": drawn,
                    },
                    {
                        "transform": [{"filter": "isValid(datum.run)"}],
                        "mark": {"type": "circle", "size": 30, "opacity": 1},
                        "encoding": {**drawn, "description": {"field": "said"}},
                    },
                ],
            },
            "resolve": {"scale": {"x": "independent", "y": "independent"}},
        },
        [],
    )


def _said_of_change(panel: charts.Panel, change: charts.Change) -> str:
    interval = (
        f", 95 % interval {change.low:+.1f} to {change.high:+.1f} %"
        if change.low is not None and change.high is not None
        else ""
    )
    return f"{panel.heading}, {change.layer}: {change.percent:+.1f} %{interval}; {change.kind}"


def _axis(field: str, names: Sequence[str] | None) -> Spec:
    """Names below each other, in this order; None is for that of the values."""
    # Not by `sort`: names in it become an expression, in which Vega takes "if" for a signal.
    domain = {} if names is None else {"scale": {"domain": list(dict.fromkeys(names))}}
    return {
        "field": field,
        "type": "nominal",
        "sort": None,
        **domain,
        "axis": {"title": None, "ticks": False, "domain": False, "labelPadding": 6},
    }


def _facet(field: str, names: Iterable[str]) -> Spec:
    return {"field": field, "type": "nominal", "sort": list(dict.fromkeys(names))}


def _panels(field: str, headings: Sequence[str]) -> Spec:
    """Panels of their own for the values of a field, in this order, two beside each other."""
    return {"facet": _facet(field, headings), "columns": 2, "spacing": {"row": 18, "column": 40}}


def _spec(chart: charts.Chart, drawn: Spec, names: Iterable[str]) -> Spec:
    """With what all charts have: title, note, description and colours. `names` stand left of it."""
    room = _ROOM_PER_LETTER * max(map(len, names), default=0)
    return {
        "padding": {"left": _PADDING + room, "right": 2 * _PADDING, "top": _PADDING, "bottom": _PADDING},
        "description": chart.description,
        "title": {"text": chart.title, "subtitle": textwrap.wrap(chart.note, _NOTE_LETTERS)},
        "config": theme.CONFIG,
        **drawn,
    }
