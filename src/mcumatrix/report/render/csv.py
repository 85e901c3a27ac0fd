"""The numbers of a report as CSV: one row per variant and layer."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mcumatrix.printable import printable
from mcumatrix.report.content.report import Report
from mcumatrix.results.frame import frame

if TYPE_CHECKING:
    import pandas

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def render_csv(report: Report, _templates: Path) -> bytes:
    """The records of a report as a CSV file."""
    return to_csv(frame(report.records))


def _plain_number(value: float) -> str:
    # Never in exponents, and 4053211 rather than 4053211.0.
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _inert(cell: str) -> str:
    return printable(f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell, keep="\t\r\n")


def to_csv(table: "pandas.DataFrame") -> bytes:
    """CSV in UTF-8 with line feeds. Text that a spreadsheet would take for a formula begins with an
    apostrophe, and control characters are escaped; numbers stay numbers.
    """
    inert = cache(_inert)  # most cells are in many rows
    safe = table.copy(deep=False)
    for column in table:
        if table[column].dtype.kind == "O":
            safe[column] = [inert(cell) if isinstance(cell, str) else cell for cell in table[column]]
    text: str = safe.to_csv(index=False, lineterminator="\n", float_format=_plain_number)
    return text.encode()
