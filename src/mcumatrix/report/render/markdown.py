"""The report as Markdown."""

import html
import re
from pathlib import Path

from mcumatrix.printable import printable
from mcumatrix.report.content.report import Report
from mcumatrix.report.content.tables import Table
from mcumatrix.report.render.template import render_template

_MARKDOWN = re.compile(r"[\\|*]|(?<!\w)_|_(?!\w)|\](?=[(\[:])")
"""What Markdown would act on. Brackets and underscores within names, as in CONV_2D, stay readable."""


_PLAIN = re.compile(r"[0-9A-Za-z.,:;()+%/-]+(?: [0-9A-Za-z.,:;()+%/-]+)*")
"""Text with which nothing has to be done, as most cells have it."""


def render_markdown(report: Report, templates: Path) -> bytes:
    """The report as a Markdown file; `templates` is the folder that holds report.md.j2."""
    return render_template(
        templates,
        "report.md.j2",
        report,
        autoescape=False,  # Markdown; whatever came over a wire goes through `inert`
        filters={"inert": inert, "table": to_markdown},
    )


def to_markdown(table: Table) -> str:
    """A Markdown table that can be read as text too; nothing in a cell can break out of it."""
    cells = [[inert(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(table.header))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def inert(cell: str) -> str:
    """Text on one line in which nothing is Markdown, HTML or a control sequence, wherever it came from."""
    if _PLAIN.fullmatch(cell):
        return cell
    one_line = printable(" ".join(cell.split()))
    return _MARKDOWN.sub(r"\\\g<0>", html.escape(one_line, quote=False)).replace("`", "'")
