"""The report as one HTML file that needs no network: style and script are in it."""

import re
from pathlib import Path

from mcumatrix.printable import printable
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import NO_VALUE, Table
from mcumatrix.report.render.template import render_template

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def render_html(report: Report, templates: Path) -> bytes:
    """The report as a page; `templates` is the folder that holds report.html.j2."""
    return render_template(
        templates,
        "report.html.j2",
        report,
        autoescape=True,  # also of what came over a wire
        tests={"numbers": has_numbers},
        finalize=_shown,
    )


def has_numbers(table: Table) -> bool:
    """Whether the cells of a table stand right: all but those of its first column are numbers, or empty."""
    cells = [cell for row in table.rows for cell in row[1:]]
    return bool(cells) and all(cell == NO_VALUE or _NUMBER.fullmatch(cell) for cell in cells)


def _shown(value: object) -> object:
    """Control characters of a board are shown and not sent; what is HTML already stays as it is."""
    return printable(value, keep="\n") if type(value) is str else value
