"""What charts show, and what they say where they do not show all."""

from mcumatrix.report.content.charts import (
    FASTER,
    MAXIMUM_BARS,
    MAXIMUM_BOXES,
    MAXIMUM_CHARTS,
    MAXIMUM_PANELS,
    SLOWER,
    TINY,
    UNCHANGED,
    UNSURE,
    LayerChart,
    SpreadChart,
    change_charts,
    time_charts,
)
from mcumatrix.report.content.comparisons import compare
from mcumatrix.report.content.timings import Row, Timing
from support.timings import a_timing


def test_a_case_is_a_bar_of_its_layers_in_their_order_under_the_values_that_vary() -> None:
    (chart,) = time_charts(
        [
            a_timing("[1]", {"runtime": "r", "kernels": "a"}, 2.0, 1.0),
            a_timing("[2]", {"runtime": "r", "kernels": "b"}, 1.0, 0.5),
        ]
    )
    assert isinstance(chart, LayerChart)
    assert (chart.name, chart.title, chart.note) == ("times-1", "Time per layer in msec", "")
    assert [bar.case for bar in chart.bars] == ["[1] a", "[2] b"]
    assert [(segment.layer, segment.msec) for segment in chart.bars[0].segments] == [
        ("0 CONV_2D", 2.0),
        ("1 SOFTMAX", 1.0),
    ]
    assert chart.bars[0].total_msec == 3.0
    assert chart.description == (
        "Time per layer in msec, stacked: a bar for each of 2 cases. [1] a: 3.000 msec, most in 0 CONV_2D "
        "(2.000); [2] b: 1.500 msec, most in 0 CONV_2D (1.000)."
    )


def test_a_chart_of_several_says_what_tells_it_from_the_others() -> None:
    charts = time_charts(
        [
            a_timing("[1]", {"kernels": "a", "model": "small"}, 1.0),
            a_timing("[2]", {"kernels": "b", "model": "small"}, 1.0),
            a_timing("[3]", {"kernels": "a", "model": "large"}, 1.0, 2.0),
            a_timing("[4]", {"kernels": "b", "model": "large"}, 1.0, 2.0),
        ]
    )
    assert [chart.title for chart in charts] == [
        "Time per layer in msec, small",
        "Time per layer in msec, large",
    ]


def test_times_of_boards_and_of_models_have_charts_of_their_own() -> None:
    charts = time_charts(
        [
            a_timing("[1]", {}, 1.0, kind_of_board="hardware"),
            a_timing("[2]", {}, 1.0, kind_of_board="virtual board"),
        ]
    )
    assert [chart.title for chart in charts] == [
        "Time per layer in msec",
        "Time per layer in msec, estimated by a model",
    ]


def test_of_too_many_cases_the_ends_are_shown_and_the_spread_of_all() -> None:
    timings = [
        a_timing(f"[{n}]", {"kernels": "even" if n % 2 == 0 else "odd"}, float(n))
        for n in range(1, MAXIMUM_BARS + 2)
    ]
    bars, spread = time_charts(timings)
    assert isinstance(bars, LayerChart) and isinstance(spread, SpreadChart)
    assert bars.note == (
        f"Shown are the 12 fastest and the 12 slowest of {len(timings)} cases; the tables have all."
    )
    assert [bar.total_msec for bar in bars.bars] == [*map(float, range(1, 13)), *map(float, range(30, 42))]
    odd, even = spread.spreads
    assert (odd.value, odd.cases, odd.low, odd.median, odd.high) == ("odd", 21, 1.0, 21.0, 41.0)
    assert (even.value, even.low, even.first_quartile, even.third_quartile) == ("even", 2.0, 11.5, 30.5)


def test_an_axis_with_more_values_than_can_be_read_has_no_spread_and_the_note_says_so() -> None:
    timings = [
        a_timing(f"[{n}]", {"clock": f"{n} MHz", "kernels": "even" if n % 2 == 0 else "odd"}, float(n))
        for n in range(1, MAXIMUM_BOXES + 2)
    ]
    (_, spread) = time_charts(timings)
    assert isinstance(spread, SpreadChart)
    assert {one.axis for one in spread.spreads} == {"kernels"}
    assert spread.note.endswith("Left out, for too many values: clock.")


def test_one_case_of_a_value_is_its_own_spread() -> None:
    timings = [a_timing(f"[{n}]", {"k": "one" if n == 0 else "rest"}, 5.0) for n in range(MAXIMUM_BARS + 1)]
    (_, spread) = time_charts(timings)
    assert isinstance(spread, SpreadChart)
    first = spread.spreads[0]
    assert (first.low, first.first_quartile, first.median, first.high) == (5.0, 5.0, 5.0, 5.0)


def test_layers_that_colours_cannot_tell_apart_are_added_up_by_operator() -> None:
    rows = tuple(Row(op, (1.0,)) for op in ["CONV_2D", "ADD"] * 8)
    (chart,) = time_charts([Timing("[1]", {}, rows, Row("Total time", (16.0,)))])
    assert isinstance(chart, LayerChart)
    assert [(segment.layer, segment.msec) for segment in chart.bars[0].segments] == [
        ("CONV_2D", 8.0),
        ("ADD", 8.0),
    ]
    assert chart.note == "Layers with the same operator are added up."


def test_operators_beyond_the_colours_are_the_others() -> None:
    rows = tuple(Row(f"OP{n}", (float(n + 1),)) for n in range(12))
    (chart,) = time_charts([Timing("[1]", {}, rows, Row("Total time", (78.0,)))])
    assert isinstance(chart, LayerChart)
    segments = chart.bars[0].segments
    assert (len(segments), segments[-1].layer, segments[-1].msec) == (10, "other operators", 6.0)


def test_more_networks_than_charts_are_counted_in_the_last_one() -> None:
    timings = [a_timing(f"[{n}]", {}, 1.0, timing_model=f"m{n}") for n in range(MAXIMUM_CHARTS + 1)]
    charts = time_charts(timings)
    assert len(charts) == MAXIMUM_CHARTS
    assert charts[-1].note == "Of 7 networks and sources of times, 6 have a chart."


def test_a_change_is_in_percent_of_the_old_time_and_says_of_which_kind_it_is() -> None:
    base = a_timing("[1]", {"k": "a"}, 100.0, 0.001, 4.0)
    candidate = a_timing("[2]", {"k": "b"}, 150.0, 0.002, 4.0)
    (chart,) = change_charts([compare(base, candidate, "k")])
    assert (chart.name, chart.title) == ("changes-1", "Change per layer in percent, k a to b")
    assert [(one.layer, round(one.percent, 1), one.kind) for one in chart.panels[0].changes] == [
        ("0 CONV_2D", 50.0, SLOWER),
        ("1 SOFTMAX", 100.0, TINY),
        ("2 ADD", 0.0, UNCHANGED),
        ("Total time", 48.1, SLOWER),
    ]
    assert chart.description.endswith("new minus old. ([1] to [2]): +48.1 % in total.")


def test_what_may_be_chance_or_rounding_is_drawn_as_that_with_its_interval() -> None:
    noisy = (10.0, 10.2, 9.8, 10.1, 9.9, 10.0)
    base = a_timing("[1]", {"k": "a"}, noisy)
    candidate = a_timing("[2]", {"k": "b"}, (10.1, 10.0, 9.9, 10.2, 9.8, 10.1))
    (chart,) = change_charts([compare(base, candidate, "k")])
    change = chart.panels[0].changes[0]
    assert change.kind == UNSURE
    assert change.low is not None and change.high is not None
    assert change.low <= change.percent <= change.high
    rounded = compare(
        a_timing("[1]", {"k": "a"}, 0.01, half_unit_msec=0.005),
        a_timing("[2]", {"k": "b"}, 0.02, half_unit_msec=0.005),
        "k",
    )
    assert change_charts([rounded])[0].panels[0].changes[0].kind == UNSURE


def test_of_too_many_pairs_those_that_changed_most_are_shown() -> None:
    pairs = [
        compare(
            a_timing("[1]", {"k": "a", "clock": f"{n} MHz"}, 10.0),
            a_timing("[2]", {"k": "b", "clock": f"{n} MHz"}, 10.0 - n / 10),
            "k",
        )
        for n in range(MAXIMUM_PANELS + 2)
    ]
    (chart,) = change_charts(pairs)
    assert [panel.heading for panel in chart.panels] == [f"{n} MHz ([1] to [2])" for n in range(2, 10)]
    assert chart.note == "Shown are the 8 of 10 pairs whose totals changed most; the tables have all."
    assert chart.panels[0].changes[0].kind == FASTER


def test_pairs_that_cannot_be_compared_have_no_chart() -> None:
    refused = compare(
        a_timing("[1]", {"k": "a"}, 1.0, kind_of_board="hardware"),
        a_timing("[2]", {"k": "b"}, 1.0, kind_of_board="virtual board"),
        "k",
    )
    assert change_charts([refused]) == ()
    assert time_charts([]) == ()


def test_of_a_deep_network_the_layers_that_take_most_are_shown_and_the_total() -> None:
    def deep(label: str, factor: float) -> Timing:
        rows = tuple(Row("CONV_2D", (factor * (n + 1),)) for n in range(60))
        return Timing(label, {"k": label}, rows, Row("Total time", (factor * 1830,)))

    (chart,) = change_charts([compare(deep("[1]", 1.0), deep("[2]", 2.0), "k")])
    layers = [change.layer for change in chart.panels[0].changes]
    assert (len(layers), layers[0], layers[-1]) == (40, "21 CONV_2D", "Total time")
    assert chart.note == "Shown are the 40 of 61 rows that take most of the time."
