"""Few numbers from many repeats."""

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.results.statistics import Summary, summarise


def test_the_median_of_an_even_number_of_repeats_lies_between_the_two_in_the_middle() -> None:
    assert summarise([4, 1, 2, 9]) == Summary(1, 3.0, 9)


@given(st.lists(st.integers(0, 2**52), min_size=1))
def test_the_median_lies_between_smallest_and_largest(cycles: list[int]) -> None:
    summary = summarise(cycles)
    assert summary.cycles_min <= summary.cycles_median <= summary.cycles_max
    assert {summary.cycles_min, summary.cycles_max} <= set(cycles)
