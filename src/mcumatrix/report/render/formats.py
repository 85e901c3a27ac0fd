"""The files that a report is written to, by their names; another format is one more."""

from collections.abc import Callable, Iterator, Mapping

from mcumatrix.overlay import Folders
from mcumatrix.report.content.report import Report
from mcumatrix.report.render.charts.svg import chart_file, svg_file
from mcumatrix.report.render.csv import render_csv
from mcumatrix.report.render.html import render_html
from mcumatrix.report.render.json import render_json
from mcumatrix.report.render.markdown import render_markdown

FORMATS: Mapping[str, Callable[[Report, Folders], bytes]] = {
    "report.csv": render_csv,
    "report.html": render_html,
    "report.json": render_json,
    "report.md": render_markdown,
}
"""From a report and the folders of templates to the contents of the file."""

OF_RECORDS = frozenset({"report.csv"})
"""Those that have records in them, and nothing where there are none."""


def render_files(report: Report, templates: Folders) -> Iterator[tuple[str, bytes]]:
    """All files of a report, one after the other, since together they may be large: those of `FORMATS` that
    it has, and its charts, by their names below its folder.

    Raises:
        RenderError: a template is wrong.
    """
    for name, render in FORMATS.items():
        if not (report.source and name in OF_RECORDS):
            yield name, render(report, templates)
    for chart in report.charts:
        yield chart_file(chart), svg_file(chart)
