"""Which columns stand right."""

import pytest

from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.numbers import number_columns


@pytest.mark.parametrize(
    "cells",
    [
        ("1.500", "-3", "+2.6", "-"),
        ("12", "0"),
        ("-1.0 to +2.5", "-1.0 to +2.5, not sure"),
        ("+2.6 (within rounding)", "0.0"),
    ],
)
def test_numbers_and_intervals_are_numbers(cells: tuple[str, ...]) -> None:
    assert number_columns(Table(("a",), tuple((cell,) for cell in cells))) == (True,)


@pytest.mark.parametrize("cells", [("1.2.3",), ("correct",), ("-", "-"), ("216 MHz",), ("12", "none"), ("",)])
def test_words_and_columns_without_a_number_are_not(cells: tuple[str, ...]) -> None:
    assert number_columns(Table(("a",), tuple((cell,) for cell in cells))) == (False,)


def test_a_table_without_rows_has_no_numbers() -> None:
    assert number_columns(Table(("a", "b"), ())) == (False, False)
