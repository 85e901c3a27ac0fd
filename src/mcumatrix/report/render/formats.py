"""The files that a report is written to, by their names; another format is one more."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mcumatrix.report.content.report import Report
from mcumatrix.report.render.csv import render_csv
from mcumatrix.report.render.markdown import render_markdown

FORMATS: Mapping[str, Callable[[Report, Path], bytes]] = {
    "report.csv": render_csv,
    "report.md": render_markdown,
}
"""From a report and the folder of templates to the contents of the file."""

OF_RECORDS = frozenset({"report.csv"})
"""Those that have records in them, and nothing where there are none."""
