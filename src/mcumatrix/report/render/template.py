"""Templates of reports, and what is wrong with one, by file and line."""

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mcumatrix.errors import RenderError
from mcumatrix.report.content.report import Report

TemplateFolders = Path | tuple[Path, ...]
"""Where templates are; what an earlier folder has comes before what a later one has under the same name."""


def render_template(
    folders: TemplateFolders,
    name: str,
    report: Report,
    *,
    autoescape: bool,
    filters: Mapping[str, Callable[..., Any]] | None = None,
    tests: Mapping[str, Callable[..., bool]] | None = None,
    finalize: Callable[[Any], Any] | None = None,
) -> bytes:
    """What a template makes of a report, which is its one variable.

    Raises:
        RenderError: the template is not there, is wrong, or names something that no report has.
    """
    import jinja2

    places = (folders,) if isinstance(folders, Path) else folders
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(places),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
        finalize=finalize,
    )
    environment.filters.update(filters or {})
    environment.tests.update(tests or {})
    try:
        return environment.get_template(name).render(report=report).encode()
    except jinja2.TemplateNotFound as error:
        raise RenderError(
            f"there is no template {places[-1] / (error.name or name)}",
            hint="Restore it; the project has one.",
        ) from error
    except jinja2.TemplateError as error:
        raise RenderError(
            f"{_place(error, places, name)}: {error.message}",
            hint="docs/reports.md says what a template of a report can name.",
        ) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # What an expression of a template runs into, as Python says it.
        raise RenderError(
            f"{_place(error, places, name)}: {type(error).__name__}: {error}",
            hint="docs/reports.md says what a template of a report can name.",
        ) from error


def _place(error: Exception, folders: tuple[Path, ...], name: str) -> str:
    """The file and the line that an error is about: that of the syntax, or where it was being rendered."""
    line = getattr(error, "lineno", None)
    if line is not None:
        return f"{getattr(error, 'filename', None) or folders[0] / name}:{line}"
    frames = traceback.extract_tb(error.__traceback__)
    within = [frame for frame in frames if Path(frame.filename).parent in folders]
    return f"{within[-1].filename}:{within[-1].lineno}" if within else str(folders[0] / name)
