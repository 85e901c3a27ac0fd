"""Colours of charts: those that are drawn, for light surroundings, and what dark ones make of them."""

BACKGROUND = "#ffffff"
TEXT = "#1b1f24"
SOFT = "#57606a"
GRID = "#d8dee4"
AXIS = "#87909a"

LAYERS = (
    "#2a6fbb",
    "#d9730d",
    "#2f8f4e",
    "#c9353c",
    "#7b5cc4",
    "#a36a1c",
    "#c04a8a",
    "#5c6b7a",
    "#8a8f14",
    "#0f8f9c",
)
"""Neighbours differ in hue and lightness; each has a contrast of 3 to 1 with both backgrounds."""

BETWEEN = "#9aa4ae"
FASTER = "#2a6fbb"
SLOWER = "#c2410c"
UNSURE = "#87909a"
TINY = "#c9d1d9"

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is within the renderer, so that texts are as wide on every machine; the next have its widths."""

DARK = {
    BACKGROUND: "#0d1117",
    TEXT: "#e6edf3",
    SOFT: "#a3adb8",
    GRID: "#2d343c",
    AXIS: "#6e7681",
    TINY: "#30363d",
    FASTER: "#4f93e0",
    SLOWER: "#e5683b",
}
"""Other colours are legible on both."""

CONFIG: dict[str, object] = {
    "background": BACKGROUND,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": TEXT,
        "titleColor": SOFT,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": AXIS,
        "tickColor": AXIS,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 360,
    },
    "header": {
        "labelColor": TEXT,
        "labelFontSize": 12,
        "labelFontWeight": "bold",
        "labelAnchor": "start",
        "labelLimit": 420,
        "title": None,
    },
    "legend": {
        "labelColor": TEXT,
        "labelFontSize": 12,
        "labelLimit": 320,
        "orient": "bottom",
        "columns": 3,
        "title": None,
        "symbolType": "square",
    },
    "text": {"color": TEXT, "fontSize": 12},
    "title": {
        "color": TEXT,
        "fontSize": 14,
        "anchor": "start",
        "subtitleColor": SOFT,
        "subtitleFontSize": 12,
        "offset": 12,
    },
}
"""Vega-Lite's `config`; https://vega.github.io/vega-lite/docs/config.html has its fields."""


def dark_style() -> str:
    """CSS that turns a drawn chart dark where the reader's screen is. What ignores it shows the light one."""
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items()
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
