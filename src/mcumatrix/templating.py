"""Jinja2's templates, of C sources and of reports: what is wrong with one is said by file and line."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcumatrix.errors import RenderError
from mcumatrix.overlay import Folders, layers

if TYPE_CHECKING:
    import jinja2


def render_source(
    templates: Path, name: str, *, trims: bool = False, strips: bool = False, **values: Any
) -> bytes:
    """A C source of a template in a folder. `trims` and `strips` are what blocks leave of their lines.

    Raises:
        RenderError: the template is not there, is wrong, or names something that is not there.
    """
    with said_of_template(templates, name, hint="Mend it, or remove it: mcumatrix brings its own."):
        return _sources(templates, trims, strips).get_template(name).render(**values).encode()


@cache
def _sources(templates: Path, trims: bool, strips: bool) -> "jinja2.Environment":
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=trims,
        lstrip_blocks=strips,
        keep_trailing_newline=True,
        autoescape=False,  # C, not HTML
    )


@contextmanager
def said_of_template(folders: Folders, name: str, *, hint: str) -> Iterator[None]:
    """Says what goes wrong with a template meanwhile, with file and line.

    Raises:
        RenderError: it is not there, is wrong, or an expression in it fails.
    """
    import jinja2

    places = layers(folders)
    try:
        yield
    except jinja2.TemplateNotFound as error:
        raise RenderError(
            f"there is no template {places[-1] / (error.name or name)}",
            hint="Restore it; the project has one.",
        ) from error
    except jinja2.TemplateError as error:
        raise RenderError(f"{_place(error, places, name)}: {error.message}", hint=hint) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # What an expression of a template runs into, as Python says it.
        raise RenderError(
            f"{_place(error, places, name)}: {type(error).__name__}: {error}", hint=hint
        ) from error


def _place(error: Exception, folders: tuple[Path, ...], name: str) -> str:
    """The file and the line that an error is about: that of the syntax, or where it was being rendered."""
    line = getattr(error, "lineno", None)
    if line is not None:
        return f"{getattr(error, 'filename', None) or folders[0] / name}:{line}"
    frames = traceback.extract_tb(error.__traceback__)
    within = [frame for frame in frames if Path(frame.filename).parent in folders]
    return f"{within[-1].filename}:{within[-1].lineno}" if within else str(folders[0] / name)
