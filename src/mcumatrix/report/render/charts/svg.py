"""Draws charts as SVG, by Vega in the process, without a browser: the same chart gives the same bytes.

What Vega says of each mark to screen readers becomes a `title`, which browsers show to who points at it. The
chart itself is one image with a title and a description: its numbers stand in tables beside it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from mcumatrix.printable import printable
from mcumatrix.report.content.charts import Chart
from mcumatrix.report.render.charts.specs import spec_of
from mcumatrix.report.render.charts.theme import dark_style

CHARTS = "charts"
"""The folder beside a report that has its charts."""

VEGA_LITE = "6.4"
"""The version of Vega-Lite that draws; vl-convert brings several."""

_OF_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")

_SVG = "http://www.w3.org/2000/svg"
_MARK = "graphics-symbol"
_FOR_SCREEN_READERS = ("role", "aria-roledescription", "aria-label", "aria-hidden")


def chart_file(chart: Chart) -> str:
    """Where a chart stands as a file, below the folder of its report."""
    return f"{CHARTS}/{chart.name}.svg"


def svg_file(chart: Chart) -> bytes:
    """A chart as a file of its own, which is dark where the screen is."""
    root = _drawn(chart)
    style = ElementTree.Element(f"{{{_SVG}}}style")
    style.text = dark_style()
    root.insert(0, style)
    return _to_bytes(root) + b"\n"


def svg_inline(chart: Chart) -> str:
    """A chart as an element of a page that has `dark_style` once for all of them."""
    return _to_bytes(_drawn(chart)).decode()


@lru_cache(maxsize=64)
def _from_vega(chart: Chart) -> str:
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_harmless(spec_of(chart)), vl_version=VEGA_LITE)
    return svg


def _harmless(value: Any) -> Any:
    """A specification without characters that XML cannot have: the renderer ends the whole process at one.

    Nor has it characters of two units in UTF-16: Vega shortens long texts by units, and fails where it cuts
    one of those in two. They become U+FFFD; tables have them.
    """
    if isinstance(value, str):
        return _OF_TWO_UNITS.sub("\N{REPLACEMENT CHARACTER}", printable(value))
    if isinstance(value, Mapping):
        return {name: _harmless(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_harmless(inner) for inner in value]
    return value


def _drawn(chart: Chart) -> ElementTree.Element:
    root = ElementTree.fromstring(_from_vega(chart))
    for element in root.iter():
        label = element.get("aria-label")
        if label and element.get("role") == _MARK:
            # An image has no further texts for screen readers; this one is for who points at the mark.
            ElementTree.SubElement(element, f"{{{_SVG}}}title").text = printable(label)
        for name in _FOR_SCREEN_READERS:
            element.attrib.pop(name, None)
    root.attrib.pop("class", None)
    # Names are one for each chart, so that several can stand in one page.
    names = {part: f"{chart.name}-{part}" for part in ("title", "desc")}
    root.set("role", "img")
    root.set("aria-labelledby", " ".join(names.values()))
    for place, (part, text) in enumerate((("title", chart.title), ("desc", chart.description))):
        element = ElementTree.Element(f"{{{_SVG}}}{part}", {"id": names[part]})
        element.text = printable(text)
        root.insert(place, element)
    return root


def _to_bytes(root: ElementTree.Element) -> bytes:
    ElementTree.register_namespace("", _SVG)
    data: bytes = ElementTree.tostring(root, encoding="utf-8")
    return data
