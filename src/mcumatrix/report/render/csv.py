"""The numbers of a report as CSV: one row per variant and layer."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from mcumatrix.model.record import Record
from mcumatrix.overlay import Folders
from mcumatrix.printable import printable
from mcumatrix.report.content.report import Report
from mcumatrix.results.frame import columns, rows_by_record

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

    kinds: dict[type, Callable[[Any], object]] = {str: inert, float: _plain_number}

    def shown(row: Mapping[str, object]) -> dict[str, object]:
        said = {name: show(value) for name, value in row.items() if (show := kinds.get(type(value)))}
        return {**row, **said}

    empty = dict.fromkeys(names)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for common, own in rows_by_record(records):
        # What rows have in common is looked at once, and columns without a value not at all.
        start = empty | shown(common)
        writer.writerows((start | shown(row)).values() for row in own)
    return text.getvalue().encode()


def _plain_number(value: float) -> str:
    # Never in exponents, and 4053211 rather than 4053211.0.
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _inert(cell: str) -> str:
    return printable(f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell, keep="\t\r\n")
