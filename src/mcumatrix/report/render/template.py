"""Templates of reports, and what is wrong with one, by file and line."""

import io
from collections.abc import Callable, Mapping
from typing import Any

from mcumatrix.overlay import Folders
from mcumatrix.templating import said_of_template


def render_template(
    folders: Folders,
    name: str,
    context: Mapping[str, object],
    *,
    autoescape: bool,
    filters: Mapping[str, Callable[..., Any]] | None = None,
    tests: Mapping[str, Callable[..., bool]] | None = None,
    finalize: Callable[[Any], Any] | None = None,
) -> bytes:
    """What a template makes of the variables of `context`.

    Raises:
        RenderError: the template is not there, is wrong, or names something that is not there.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
        finalize=finalize,
    )
    environment.filters.update(filters or {})
    environment.tests.update(tests or {})
    with said_of_template(folders, name, hint="docs/reports.md says what a template of a report can name."):
        rendered = io.BytesIO()
        # Piece by piece: a page of 10,000 cases is there once.
        environment.get_template(name).stream(context).dump(rendered, "utf-8")
        return rendered.getvalue()
