"""Few numbers from many repeats."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.results.statistics import (
    Summary,
    holm,
    median_interval,
    share_interval,
    shift,
    summarise,
)


def test_the_median_of_an_even_number_of_repeats_lies_between_the_two_in_the_middle() -> None:
    assert summarise([4, 1, 2, 9]) == Summary(1, 3.0, 9)


@given(st.lists(st.integers(0, 2**52), min_size=1))
def test_the_median_lies_between_smallest_and_largest(cycles: list[int]) -> None:
    summary = summarise(cycles)
    assert summary.cycles_min <= summary.cycles_median <= summary.cycles_max
    assert {summary.cycles_min, summary.cycles_max} <= set(cycles)


def test_an_interval_holds_the_median_of_what_the_repeats_were_drawn_from() -> None:
    """Of 200 sets of 12 repeats, about 95 % of the intervals hold the true median, and not far fewer."""
    draw = Random(7)
    held = 0
    for _ in range(200):
        interval = median_interval([[draw.gauss(100, 5) for _ in range(12)]])
        assert interval is not None
        held += interval.low <= 100 <= interval.high
    assert 180 <= held <= 200


def test_too_few_repeats_have_no_interval() -> None:
    assert median_interval([[1, 2, 3, 4, 5]]) is None
    assert shift([[1, 2, 3, 4, 5]], [[2, 3, 4, 5, 6, 7]]) is None


def _runs(draw: Random, *, runs: int, repeats: int) -> list[list[float]]:
    """Runs whose middles differ more than their repeats do, around 100."""
    middles = [draw.gauss(100, 5) for _ in range(runs)]
    return [[draw.gauss(middle, 1) for _ in range(repeats)] for middle in middles]


def _alike(runs: list[list[float]]) -> list[list[float]]:
    """The repeats of all runs as if they were of one."""
    return [[repeat for repeats in runs for repeat in repeats]]


def test_an_interval_over_runs_holds_what_one_over_all_repeats_alike_misses() -> None:
    """Of 200 times ten runs, most of the intervals hold the true median; to take the repeats for samples of
    their own pretends to know more, and is wrong far more often."""
    draw = Random(11)
    by_runs = alike = 0
    for _ in range(200):
        runs = _runs(draw, runs=10, repeats=8)
        wide, narrow = median_interval(runs), median_interval(_alike(runs))
        assert wide is not None
        assert narrow is not None
        by_runs += wide.low <= 100 <= wide.high
        alike += narrow.low <= 100 <= narrow.high
    assert by_runs >= 175
    assert alike <= 130


def test_few_runs_have_no_interval_however_many_repeats_they_have() -> None:
    draw = Random(5)
    assert median_interval(_runs(draw, runs=5, repeats=100)) is None
    assert median_interval(_runs(draw, runs=6, repeats=1)) is not None
    assert shift(_runs(draw, runs=2, repeats=100), _runs(draw, runs=6, repeats=100)) is None


def test_runs_that_differ_among_themselves_do_not_make_a_difference() -> None:
    """Of 40 pairs from one source, few are called different by runs, and most by repeats alike."""
    draw = Random(2)
    by_runs = alike = 0
    for _ in range(40):
        one, other = _runs(draw, runs=8, repeats=20), _runs(draw, runs=8, repeats=20)
        wide, narrow = shift(one, other), shift(_alike(one), _alike(other))
        assert wide is not None
        assert narrow is not None
        by_runs += wide.p_value < 0.05
        alike += narrow.p_value < 0.05
    assert by_runs <= 5
    assert alike >= 20


def test_many_repeats_of_many_runs_are_drawn_within_bounds() -> None:
    draw = Random(1)
    assert median_interval([[draw.gauss(0, 1) for _ in range(100)] for _ in range(50)]) is not None


def test_the_same_repeats_give_the_same_interval() -> None:
    repeats = [1.0, 2.5, 2.0, 4.0, 3.0, 3.5, 8.0]
    assert median_interval([repeats]) == median_interval([repeats])


def test_sets_that_do_not_overlap_differ_and_the_interval_has_the_sign() -> None:
    slower = shift([[10, 11, 10, 12, 11, 10]], [[20, 21, 22, 20, 21, 20]])
    assert slower is not None
    assert 8 <= slower.interval.low <= 10 <= slower.interval.high <= 12
    assert slower.p_value < 0.001


def test_sets_that_do_not_overlap_differ_among_however_many_layers() -> None:
    """Of 4,000 resamples, none that is beyond zero is too often for a network with more than 100 layers."""
    slower = shift([[10, 11, 10, 12, 11, 10]], [[20, 21, 22, 20, 21, 20]], looked_at=400)
    assert slower is not None
    assert holm([slower.p_value] * 400) == (True,) * 400


def test_sets_from_the_same_source_do_not_differ() -> None:
    draw = Random(3)
    found = shift([[draw.gauss(0, 1) for _ in range(20)]], [[draw.gauss(0, 1) for _ in range(20)]])
    assert found is not None
    assert found.interval.low < 0 < found.interval.high
    assert found.p_value > 0.05


def test_repeats_that_are_all_the_same_number_do_not_differ() -> None:
    found = shift([[5] * 6], [[5] * 6])
    assert found is not None
    assert (found.interval.low, found.interval.high, found.p_value) == (0, 0, 1)


def test_of_many_differences_those_stand_that_holm_lets_stand() -> None:
    """The example of Holm's procedure: 0.01 <= 0.05/4, 0.005 <= 0.05/4, then 0.03 > 0.05/2 ends it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == (True, False, False, True)
    assert holm([0.04]) == (True,)
    assert holm([0.04, 0.04]) == (False, False)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_takes_a_difference_that_alone_would_not_be_one(p_values: list[float]) -> None:
    assert all(p <= 0.05 + 1e-9 for p, taken in zip(p_values, holm(p_values), strict=True) if taken)


@pytest.mark.parametrize(
    ("successes", "samples", "low", "high"),
    [
        # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine
        # 17, 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_the_published_one(
    successes: int, samples: int, low: float, high: float
) -> None:
    interval = share_interval(successes, samples)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_lies_between_none_and_all_and_holds_it(counts: tuple[int, int]) -> None:
    interval = share_interval(*counts)
    assert 0 <= interval.low <= counts[0] / counts[1] <= interval.high <= 1
