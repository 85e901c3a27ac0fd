"""The report as Markdown."""

import html
import re
from urllib.parse import quote

from mcumatrix.overlay import Folders
from mcumatrix.printable import printable
from mcumatrix.report.content.charts import Chart
from mcumatrix.report.content.history import steps_table, summary_of
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.charts.svg import chart_file
from mcumatrix.report.render.numbers import number_columns
from mcumatrix.report.render.template import render_template

_MARKDOWN = re.compile(r"[\\|*]|(?<!\w)_|_(?!\w)|\](?=[(\[:])")
"""What Markdown would act on. Brackets and underscores within names, as in CONV_2D, stay readable."""


_PLAIN = re.compile(r"[0-9A-Za-z.,:;()+%/-]+(?: [0-9A-Za-z.,:;()+%/-]+)*")
"""Text with which nothing has to be done, as most cells have it."""


def render_markdown(report: Report, templates: Folders, name: str = "report.md.j2") -> bytes:
    """The report as a Markdown file; by the template `name` in these folders."""
    return render_template(
        templates,
        name,
        {"report": report},
        autoescape=False,  # Markdown; whatever came over a wire goes through `inert`
        filters={
            "inert": inert,
            "table": to_markdown,
            "address": quote,
            "picture": _picture,
            "summary": summary_of,
            "steps": steps_table,
        },
    )


def _picture(chart: Chart) -> str:
    return f"![{inert(chart.title)}]({chart_file(chart)})"


def to_markdown(table: Table) -> str:
    """A Markdown table that can be read as text too, with numbers to the right; nothing in a cell can break
    out of it.
    """
    cells = [[inert(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(table.header))]
    right = number_columns(table)
    lines = [f"| {' | '.join(map(_padded, row, widths, right))} |" for row in cells]
    lines.insert(1, f"|{'|'.join(map(_rule, widths, right))}|")
    return "\n".join(lines)


def _padded(cell: str, width: int, is_right: bool) -> str:
    return cell.rjust(width) if is_right else cell.ljust(width)


def _rule(width: int, is_right: bool) -> str:
    return "-" * (width + 1) + ":" if is_right else "-" * (width + 2)


def inert(cell: str) -> str:
    """Text on one line in which nothing is Markdown, HTML or a control sequence, wherever it came from."""
    if _PLAIN.fullmatch(cell):
        return cell
    one_line = printable(" ".join(cell.split()))
    return _MARKDOWN.sub(r"\\\g<0>", html.escape(one_line, quote=False)).replace("`", "'")
