"""Tables that are too wide for a page."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.report.content.timings import Timing
from mcumatrix.report.content.wide import MAXIMUM_COLUMNS, split
from support.timings import a_timing


def _grid(**axes: int) -> list[Timing]:
    points = product(*[[(name, f"{name}{n}") for n in range(count)] for name, count in axes.items()])
    return [a_timing(f"[{n}]", dict(point), 1.0) for n, point in enumerate(points, 1)]


def test_eight_columns_fit() -> None:
    assert [(head, len(part)) for head, part in split(_grid(a=2, b=4))] == [("", 8)]


def test_sixteen_are_split_by_the_axis_that_makes_the_fewest_tables() -> None:
    assert [(head, len(part)) for head, part in split(_grid(a=8, b=2))] == [("b b0", 8), ("b b1", 8)]


def test_what_one_axis_cannot_make_fit_is_split_by_two() -> None:
    assert [head for head, _ in split(_grid(a=2, b=3, c=4))] == ["b b0", "b b1", "b b2"]
    assert [head for head, _ in split(_grid(a=2, b=6, c=6))][:2] == ["a a0, b b0", "a a0, b b1"]


def test_many_values_of_one_axis_are_cut_where_the_page_ends() -> None:
    assert [(head, len(part)) for head, part in split(_grid(a=20))] == [("", 8), ("", 8), ("", 4)]


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_no_column_is_lost_and_each_part_fits(a: int, b: int, c: int) -> None:
    columns = _grid(a=a, b=b, c=c)
    parts = [part for _, part in split(columns)]
    assert sorted(t.label for part in parts for t in part) == sorted(t.label for t in columns)
    assert all(1 <= len(part) <= MAXIMUM_COLUMNS for part in parts)
