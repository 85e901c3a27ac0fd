"""Differences, as the article has them: new minus old."""

from random import Random

import pytest

from mcumatrix.model.comparison import Comparison
from mcumatrix.report.content.comparable import (
    Refusal,
    RefusalKind,
    differing_conditions,
    refusal,
)
from mcumatrix.report.content.comparisons import (
    MAXIMUM_LAYER_TABLES,
    ComparisonPart,
    Pair,
    Verdict,
    compare,
    compared,
    comparison_parts,
    default_comparison,
    pairs,
    total_tables,
)
from mcumatrix.report.content.tables import Table
from mcumatrix.report.content.timings import HARDWARE, VIRTUAL, Timing
from support.timings import a_timing

OLD = a_timing("[1]", {"runtime": "old", "clock": "216 MHz"}, 90.94, 0.01)
NEW = a_timing("[2]", {"runtime": "new", "clock": "216 MHz"}, 166.25, 0.02)


def _only(found: tuple[Pair, ...]) -> Pair:
    (pair,) = found
    return pair


def test_a_difference_is_new_minus_old_with_its_share() -> None:
    assert _only(pairs([OLD, NEW], Comparison("runtime"))).table == Table(
        ("Layer", "old", "new", "diff (msec)", "diff (%)"),
        (
            ("CONV_2D", "90.940", "166.250", "+75.310", "+82.8"),
            ("SOFTMAX", "0.010", "0.020", "+0.010", "+100.0"),
            ("Total time", "90.950", "166.270", "+75.320", "+82.8"),
        ),
    )


def test_what_got_faster_is_negative_and_what_stayed_has_no_sign() -> None:
    pair = compare(a_timing("[1]", {"k": "a"}, 2.0, 1.0), a_timing("[2]", {"k": "b"}, 1.0, 1.0), "k")
    assert [row[3:] for row in pair.table.rows] == [
        ("-1.000", "-50.0"),
        ("0.000", "0.0"),
        ("-1.000", "-33.3"),
    ]


def test_a_layer_that_took_no_time_has_no_share() -> None:
    pair = compare(a_timing("[1]", {"k": "a"}, 0.0, 1.0), a_timing("[2]", {"k": "b"}, 1.0, 1.0), "k")
    assert pair.table.rows[0] == ("CONV_2D", "0.000", "1.000", "+1.000", "-")


def test_there_is_a_table_for_each_two_values_and_each_setting_of_the_other_axes() -> None:
    timings = [
        a_timing(f"[{r}{c}]", {"runtime": r, "clock": c}, 1.0)
        for r in ("a", "b", "c")
        for c in ("216", "288")
    ]
    found = pairs(timings, Comparison("runtime"))
    assert [(pair.base, pair.candidate, pair.setting["clock"]) for pair in found] == [
        (base, candidate, clock)
        for clock in ("216", "288")
        for base, candidate in (("a", "b"), ("a", "c"), ("b", "c"))
    ]


def test_a_base_is_what_all_others_are_compared_with() -> None:
    timings = [a_timing(f"[{r}]", {"runtime": r}, 1.0) for r in ("a", "b", "c")]
    found = pairs(timings, Comparison("runtime", "b", base_alone=True))
    assert [(pair.base, pair.candidate) for pair in found] == [("b", "a"), ("b", "c")]
    found = pairs(timings, Comparison("runtime", "b"))
    assert [(pair.base, pair.candidate) for pair in found] == [("b", "a"), ("b", "c"), ("a", "c")]


def test_many_values_are_compared_with_the_first_or_with_the_base() -> None:
    timings = [a_timing(f"[{n}]", {"tile": str(n)}, 1.0) for n in range(1, 9)]
    found = pairs(timings, Comparison("tile"))
    assert [(pair.base, pair.candidate) for pair in found] == [("1", str(n)) for n in range(2, 9)]
    assert {pair.base for pair in pairs(timings, Comparison("tile", "3"))} == {"3"}
    assert len(pairs(timings[:6], Comparison("tile"))) == 15


def test_the_first_axis_with_several_values_is_compared_where_nothing_is_said() -> None:
    timings = [
        a_timing("[1]", {"board": "x", "kernels": "a"}, 1.0),
        a_timing("[2]", {"board": "x", "kernels": "b"}, 1.0),
    ]
    assert default_comparison(timings) == (Comparison("kernels"),)
    assert default_comparison(timings[:1]) == ()


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (("kind of board", VIRTUAL, HARDWARE), "[1] is from virtual board and [2] from hardware"),
        (
            ("timing model", "m7-block-1", "instructions"),
            "[1] has the timing model m7-block-1 and [2] has instructions",
        ),
    ],
)
def test_what_cannot_stand_in_one_column_is_refused(conditions: tuple[str, str, str], reason: str) -> None:
    name, ours, other = conditions
    base = a_timing("[1]", {"k": "a"}, 1.0, **{name.replace(" ", "_"): ours})
    candidate = a_timing("[2]", {"k": "b"}, 1.0, **{name.replace(" ", "_"): other})
    assert str(refusal(base, candidate)) == reason
    refused = compare(base, candidate, "k")
    assert refused.refused is not None
    assert (refused.refused.kind, refused.differences) == (name.replace(" ", "-"), ())


def test_other_layers_are_another_network() -> None:
    found = refusal(a_timing("[1]", {}, 1.0), a_timing("[2]", {}, 1.0, 2.0))
    assert found == Refusal(RefusalKind.LAYERS, "[1] and [2] have other layers")


def test_what_differs_besides_is_named_and_what_is_not_known_is_not() -> None:
    base = a_timing("[1]", {"runtime": "a"}, 1.0, compiler="gcc 9", assertions="out", flags="-O3")
    candidate = a_timing("[2]", {"runtime": "b"}, 1.0, compiler="gcc 12", assertions="out")
    assert differing_conditions(base, candidate, ["runtime"]) == ("compiler: gcc 9 and gcc 12",)
    assert differing_conditions(base, candidate) == ("runtime: a and b", "compiler: gcc 9 and gcc 12")


def test_the_compiler_goes_without_saying_where_toolchains_are_compared() -> None:
    base = a_timing("[1]", {"toolchain": "a"}, 1.0, compiler="gcc 9")
    candidate = a_timing("[2]", {"toolchain": "b"}, 1.0, compiler="gcc 12")
    assert differing_conditions(base, candidate, ["toolchain"]) == ()


def test_assertions_are_named_even_where_flags_are_compared() -> None:
    base = a_timing("[1]", {"opt": "a"}, 1.0, flags="-O2", assertions="as the runtime has them")
    candidate = a_timing("[2]", {"opt": "b"}, 1.0, flags="-O2 -DNDEBUG", assertions="out")
    assert differing_conditions(base, candidate, ["opt"]) == ("assertions: as the runtime has them and out",)


def test_what_rounding_explains_is_not_called_a_difference() -> None:
    base = a_timing("[1]", {"k": "a"}, 0.71, 124.58, half_unit_msec=0.005)
    candidate = a_timing("[2]", {"k": "b"}, 0.72, 124.54, half_unit_msec=0.005)
    verdicts = [difference.verdict for difference in compare(base, candidate, "k").differences]
    assert verdicts == [Verdict.WITHIN_ROUNDING, Verdict.DIFFERENT, Verdict.DIFFERENT]


def _noisy(label: str, value: str, mean: float, **options: bool) -> Timing:
    draw = Random(label)
    repeats = tuple(draw.gauss(mean, 1) for _ in range(12))
    return a_timing(label, {"k": value}, repeats, tuple(draw.gauss(50, 1) for _ in range(12)), **options)


def test_a_difference_of_noisy_repeats_is_one_only_where_its_interval_says_so() -> None:
    conv, softmax, _total = compare(_noisy("[1]", "a", 100), _noisy("[2]", "b", 110), "k").differences
    assert conv.verdict is Verdict.DIFFERENT
    assert conv.interval is not None
    assert 8 < conv.interval.low < conv.diff_msec < conv.interval.high < 12
    assert softmax.verdict is Verdict.NOT_SURE
    table = compare(_noisy("[1]", "a", 100), _noisy("[2]", "b", 110), "k").table
    assert table.header[-1] == "95 % interval (msec)"
    assert table.rows[1][-1].endswith(", not sure")


def test_a_deterministic_board_gets_no_interval_that_pretends() -> None:
    pair = compare(
        _noisy("[1]", "a", 100, deterministic=True), _noisy("[2]", "b", 110, deterministic=True), "k"
    )
    assert pair.deterministic
    assert all(difference.interval is None for difference in pair.differences)


def test_more_pairs_than_people_read_have_a_row_each() -> None:
    def parts(clocks: int) -> tuple[ComparisonPart, ...]:
        timings = [
            a_timing(f"[{2 * clock + n}]", {"kernels": kernels, "clock": f"{clock} MHz"}, msec)
            for clock in range(clocks)
            for n, (kernels, msec) in enumerate((("a", 2.0), ("b", 1.0)), 1)
        ]
        return comparison_parts(timings, compared(timings, [Comparison("kernels")]))

    assert total_tables(parts(MAXIMUM_LAYER_TABLES)) == ()
    (part,) = total_tables(parts(MAXIMUM_LAYER_TABLES + 1))
    assert part.heading == "kernels a to b"
    assert part.table.header == ("Cases", "clock", "a", "b", "diff (msec)", "diff (%)")
    assert len(part.table.rows) == MAXIMUM_LAYER_TABLES + 1
    assert part.table.rows[1] == ("[3] to [4]", "1 MHz", "2.000", "1.000", "-1.000", "-50.0")


def test_what_a_pair_differs_in_besides_and_why_it_is_refused_stand_in_its_row() -> None:
    timings = [
        a_timing(f"[{2 * clock + n}]", {"kernels": kernels, "clock": f"{clock} MHz"}, 1.0, kind_of_board=kind)
        for clock in range(MAXIMUM_LAYER_TABLES + 1)
        for n, (kernels, kind) in enumerate((("a", HARDWARE), ("b", VIRTUAL if clock == 0 else HARDWARE)), 1)
    ]
    (part,) = total_tables(comparison_parts(timings, compared(timings, [Comparison("kernels")])))
    assert part.table.header[-1] == "besides"
    assert part.table.rows[0][2:] == (
        *("-", "-", "-", "-"),
        "Not compared: [1] is from hardware and [2] from virtual board. They differ in more than kernels: "
        "kind of board: hardware and virtual board.",
    )
    assert part.table.rows[1][-1] == "-"
