"""Two sets of results against each other."""

from random import Random

from mcumatrix.model.comparison import Thresholds
from mcumatrix.report.content.comparable import RefusalKind
from mcumatrix.report.content.gate import Gate, Judgement, ResultSet, judge
from mcumatrix.report.content.tables import Table
from mcumatrix.report.content.timings import HARDWARE, VIRTUAL, Timing
from support.timings import a_timing

STRICT = Thresholds(total_percent=1.0, layer_percent=5.0)


def _judged(base: list[Timing], candidate: list[Timing], thresholds: Thresholds = STRICT) -> Gate:
    return judge(ResultSet("old", tuple(base)), ResultSet("new", tuple(candidate)), thresholds)


def _one(
    base: Timing, candidate: Timing, thresholds: Thresholds = STRICT
) -> tuple[Judgement, tuple[str, ...]]:
    (judged,) = _judged([base], [candidate], thresholds).cases
    return judged.judgement, judged.reasons


def test_what_is_the_same_passes() -> None:
    gate = _judged([a_timing("[1]", {"k": "a"}, 10.0, 1.0)], [a_timing("[1]", {"k": "a"}, 10.0, 1.0)])
    assert gate.is_passed
    assert gate.summary == "new against old: 1 same."


def test_a_total_that_is_slower_than_allowed_is_a_regression_with_its_numbers() -> None:
    slower = a_timing("[1]", {"k": "a"}, 10.2, 1.0)
    assert _one(a_timing("[1]", {"k": "a"}, 10.0, 1.0), slower) == (
        Judgement.REGRESSION,
        ("the total takes 11.200 msec and took 11.000: +1.8 %, and 1 % is allowed",),
    )


def test_a_layer_that_is_slower_than_allowed_is_a_regression_though_the_total_is_not() -> None:
    slower = a_timing("[1]", {"k": "a"}, 9.9, 1.1)
    assert _one(a_timing("[1]", {"k": "a"}, 10.0, 1.0), slower) == (
        Judgement.REGRESSION,
        ("layer 1, SOFTMAX, takes 1.100 msec and took 1.000: +10.0 %, and 5 % is allowed",),
    )


def test_a_layer_that_takes_next_to_no_time_is_no_regression() -> None:
    assert _one(a_timing("[1]", {"k": "a"}, 10.0, 0.01), a_timing("[1]", {"k": "a"}, 10.0, 0.05))[0] is (
        Judgement.SLOWER_WITHIN_LIMITS
    )


def test_limits_can_be_wider() -> None:
    slower = a_timing("[1]", {"k": "a"}, 11.0)
    assert _one(a_timing("[1]", {"k": "a"}, 10.0), slower, Thresholds(12, 12))[0] is (
        Judgement.SLOWER_WITHIN_LIMITS
    )


def test_what_got_faster_passes() -> None:
    assert _one(a_timing("[1]", {"k": "a"}, 10.0), a_timing("[1]", {"k": "a"}, 5.0))[0] is Judgement.FASTER


def test_a_case_that_has_no_times_any_more_does_not_pass_and_a_new_one_does() -> None:
    a, b = a_timing("[1]", {"k": "a"}, 1.0), a_timing("[2]", {"k": "b"}, 1.0)
    lost, gained = _judged([a, b], [a]), _judged([a], [a, b])
    assert [(case.case, case.judgement) for case in lost.cases] == [
        ("a", Judgement.SAME),
        ("b", Judgement.LOST),
    ]
    assert not lost.is_passed
    assert [case.judgement for case in gained.cases] == [Judgement.SAME, Judgement.NEW]
    assert gained.is_passed


def test_virtual_against_real_is_refused_in_one_column_and_stands_side_by_side() -> None:
    gate = _judged(
        [a_timing("[1]", {"board": "disco"}, 10.0, kind_of_board=HARDWARE)],
        [a_timing("[1]", {"board": "virtual"}, 12.0, kind_of_board=VIRTUAL)],
    )
    (judged,) = gate.cases
    assert not gate.is_passed
    assert gate.differing == ("board: disco and virtual",)
    assert (judged.judgement, judged.reasons) == (
        Judgement.NOT_COMPARABLE,
        ("old [1] is from hardware and new [1] from virtual board",),
    )
    assert judged.refusal is not None
    assert judged.refusal.kind is RefusalKind.KIND_OF_BOARD
    assert judged.side_by_side == Table(
        ("Layer", "old [1]", "new [1]"),
        (("CONV_2D", "10.000", "12.000"), ("Total time", "10.000", "12.000")),
    )


def test_other_conditions_are_named_with_the_case() -> None:
    (judged,) = _judged(
        [a_timing("[1]", {"k": "a"}, 10.0, compiler="gcc 9")],
        [a_timing("[1]", {"k": "a"}, 10.0, compiler="gcc 12")],
    ).cases
    assert judged.pair is not None
    assert judged.pair.differing == ("compiler: gcc 9 and gcc 12",)


def test_noise_is_no_regression() -> None:
    draw = Random(5)
    base = a_timing("[1]", {"k": "a"}, tuple(draw.gauss(100, 5) for _ in range(12)))
    candidate = a_timing("[1]", {"k": "a"}, tuple(draw.gauss(102, 5) for _ in range(12)))
    assert _one(base, candidate)[0] is Judgement.SAME


def test_nothing_in_common_does_not_pass() -> None:
    gate = _judged([], [])
    assert not gate.is_passed
    assert gate.summary == "new against old: nothing to compare."
