"""Charts as SVG: the same bytes each time, words for who cannot see them, dark where the screen is."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcumatrix.report.content.charts import Chart, change_charts, time_charts
from mcumatrix.report.content.comparisons import compare
from mcumatrix.report.render.charts import theme
from mcumatrix.report.render.charts.specs import spec_of
from mcumatrix.report.render.charts.svg import chart_file, svg_file, svg_inline
from support.timings import a_timing

SVG = "{http://www.w3.org/2000/svg}"
HARMLESS = {"svg", "style", "title", "desc", "g", "path", "line", "text", "tspan", "rect"}


def _timings(count: int = 2) -> list:  # type: ignore[type-arg]
    return [
        a_timing(f"[{n}]", {"kernels": "a" if n % 2 else "<b> & c"}, float(n), 0.5)
        for n in range(1, count + 1)
    ]


def _charts() -> list[Chart]:
    base, candidate = _timings()
    noisy = [
        a_timing(label, {"k": label}, tuple(x + 0.1 * n for n in range(6)))
        for label, x in (("[1]", 1.0), ("[2]", 2.0))
    ]
    return [
        *time_charts(_timings()),
        *time_charts(_timings(50)),
        *change_charts([compare(base, candidate, "kernels"), compare(*noisy, "k")]),
    ]


@pytest.mark.parametrize("chart", _charts(), ids=lambda chart: f"{type(chart).__name__}-{chart.name}")
def test_a_chart_is_an_image_with_a_title_and_a_description(chart: Chart) -> None:
    root = ElementTree.fromstring(svg_file(chart))
    texts = {child.get("id"): child.text for child in root if child.tag in (f"{SVG}title", f"{SVG}desc")}
    assert root.get("role") == "img"
    assert [texts[name] for name in root.get("aria-labelledby", "").split()] == [
        chart.title,
        chart.description,
    ]


@pytest.mark.parametrize("chart", _charts(), ids=lambda chart: f"{type(chart).__name__}-{chart.name}")
def test_nothing_in_a_chart_is_loaded_or_run(chart: Chart) -> None:
    text = svg_file(chart).decode()
    for element in ElementTree.fromstring(text).iter():
        assert element.tag.removeprefix(SVG) in HARMLESS
        assert not [name for name in element.attrib if name.startswith("on") or name.endswith("href")]
    assert "url(" not in text and "@import" not in text


def test_marks_say_what_they_are_to_who_points_at_them() -> None:
    (chart,) = time_charts(_timings())
    titles = [element.text for element in ElementTree.fromstring(svg_file(chart)).iter(f"{SVG}title")]
    assert "[1] a, 0 CONV_2D: 1.000 msec of 1.500" in titles
    assert "[2] <b> & c, 1 SOFTMAX: 0.500 msec of 2.500" in titles


def test_a_file_is_dark_where_the_screen_is_and_light_on_paper() -> None:
    (chart,) = time_charts(_timings())
    style = ElementTree.fromstring(svg_file(chart)).find(f"{SVG}style")
    assert style is not None and style.text is not None
    assert style.text.startswith("@media screen and (prefers-color-scheme:dark){")
    assert "<style>" not in svg_inline(chart)


def test_only_colours_of_the_theme_are_drawn() -> None:
    known = {
        colour.lower()
        for name, value in vars(theme).items()
        if name.isupper() and not name.startswith("_")
        for colour in (value if isinstance(value, tuple) else (value,))
        if isinstance(colour, str) and colour.startswith("#")
    }
    for chart in _charts():
        for element in ElementTree.fromstring(svg_file(chart)).iter():
            for name in ("fill", "stroke"):
                colour = element.get(name)
                assert colour in {None, "none", "transparent", *known}, f"{chart.name}: {colour}"


def _luminance(colour: str) -> float:
    """Relative luminance, as the Web Content Accessibility Guidelines 2.2 define it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("is_dark", [False, True])
def test_texts_and_layers_stand_out_from_what_is_behind_them(is_dark: bool) -> None:
    def shown(colour: str) -> str:
        return theme.DARK.get(colour, colour) if is_dark else colour

    behind = shown(theme.BACKGROUND)
    assert _contrast(shown(theme.TEXT), behind) >= 4.5
    assert _contrast(shown(theme.SOFT), behind) >= 4.5
    for colour in (*theme.LAYERS, theme.FASTER, theme.SLOWER, theme.UNSURE, theme.AXIS):
        assert _contrast(shown(colour), behind) >= 3, colour


def test_another_process_draws_the_same_bytes() -> None:
    (chart,) = time_charts([a_timing("[1]", {"k": "a"}, 2.0, 1.0)])
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from support.timings import a_timing\n"
        "from mcumatrix.report.content.charts import time_charts\n"
        "from mcumatrix.report.render.charts.svg import svg_file\n"
        "(chart,) = time_charts([a_timing('[1]', {'k': 'a'}, 2.0, 1.0)])\n"
        "sys.stdout.buffer.write(svg_file(chart))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == svg_file(chart)


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\ufffe", "\ud800", "\u202e"])
def test_characters_that_xml_cannot_have_are_shown_and_not_sent(letter: str) -> None:
    # The renderer ends the process at some of them: what fails here ends the tests.
    (chart,) = time_charts([a_timing(f"[1]{letter}", {"k": letter}, 1.0)])
    text = svg_file(chart).decode()
    assert letter not in text
    assert repr(letter)[1:-1] in text


@given(st.text(min_size=1, max_size=20))
@example("if")  # a function of Vega, whose parser took it for a signal
@example("000000W\x1f\x08\U0002ebe1\U00043100\U00050600\U000165e00\x1f\ud7a4\U00010000")  # cut in a letter
@settings(max_examples=30)
def test_any_text_can_be_drawn(text: str) -> None:
    (chart,) = time_charts([a_timing(text, {}, 1.0)])
    assert ElementTree.fromstring(svg_file(chart)).get("role") == "img"


def test_the_file_of_a_chart_has_its_name() -> None:
    (chart,) = time_charts(_timings())
    assert chart_file(chart) == "charts/times-1.svg"


def test_what_is_no_chart_is_not_drawn() -> None:
    with pytest.raises(TypeError, match="int is no chart"):
        spec_of(3)
