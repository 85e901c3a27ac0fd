"""The numbers of a report as CSV: one row per variant and layer."""

import csv
import io
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from mcumatrix.model.record import Record
from mcumatrix.overlay import Folders
from mcumatrix.printable import printable
from mcumatrix.report.content.report import Report
from mcumatrix.results.frame import columns, rows

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def render_csv(report: Report, _templates: Folders) -> bytes:
    """The records of a report as a CSV file."""
    return to_csv(report.records)


def to_csv(records: Sequence[Record]) -> bytes:
    """CSV in UTF-8 with line feeds. Text that a spreadsheet would take for a formula begins with an
    apostrophe, and control characters are escaped; numbers stay numbers.
    """
    names = columns(records)
    inert = cache(_inert)  # most texts are in many rows

    shown: dict[type, Callable[[Any], object]] = {str: inert, float: _plain_number}
    # A row says less than half of what the columns are for: only that is looked at.
    empty = dict.fromkeys(names)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows(records):
        said = {name: show(row[name]) for name in row if (show := shown.get(type(row[name])))}
        writer.writerow((empty | row | said).values())
    return text.getvalue().encode()


def _plain_number(value: float) -> str:
    # Never in exponents, and 4053211 rather than 4053211.0.
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _inert(cell: str) -> str:
    return printable(f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell, keep="\t\r\n")
