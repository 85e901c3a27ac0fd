"""The first page of published results, which leads to the reports beside it."""

from collections.abc import Sequence

from mcumatrix.overlay import Folders
from mcumatrix.report.content.index import Entry
from mcumatrix.report.render.template import render_template


def render_index(entries: Sequence[Entry], templates: Folders) -> bytes:
    """The page, by the template `index.html.j2`, whose one variable is `entries`. Raises RenderError."""
    return render_template(templates, "index.html.j2", {"entries": entries}, autoescape=True)
