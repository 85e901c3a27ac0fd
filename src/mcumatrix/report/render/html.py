"""The report as one HTML file that needs no network: style and script are in it."""

import re
from pathlib import Path

from mcumatrix.printable import printable
from mcumatrix.report.content.report import Report

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def render_html(report: Report, templates: Path) -> bytes:
    """The report as a page; `templates` is the folder that holds report.html.j2."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,  # also of what came over a wire
        finalize=_shown,
    )
    environment.tests["number"] = is_number
    return environment.get_template("report.html.j2").render(report=report).encode()


def is_number(cell: str) -> bool:
    """Whether a cell stands right in its column: it is a number, maybe with a sign."""
    return bool(_NUMBER.fullmatch(cell))


def _shown(value: object) -> object:
    """Control characters of a board are shown and not sent; what is HTML already stays as it is."""
    return printable(value, keep="\n") if type(value) is str else value
