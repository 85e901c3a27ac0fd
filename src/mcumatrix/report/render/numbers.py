"""Which columns of a table have numbers, and so stand right."""

import re

from mcumatrix.report.content.comparisons import Verdict
from mcumatrix.report.content.tables import NO_VALUE, Table

_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"
_DOUBT = "|".join(map(re.escape, Verdict))
_CELL = re.compile(rf"{_NUMBER}( to {_NUMBER})?((, | \()({_DOUBT})\)?)?")
"""A number or an interval, with what is said of a difference that may be none."""


def number_columns(table: Table) -> tuple[bool, ...]:
    """For each column, whether its cells are numbers, or empty, with at least one number among them."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    return tuple(_has_numbers(column) for column in columns)


def _has_numbers(column: tuple[str, ...]) -> bool:
    cells = [cell for cell in column if cell != NO_VALUE]
    return bool(cells) and all(_CELL.fullmatch(cell) for cell in cells)
