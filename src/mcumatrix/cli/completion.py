"""What a shell completes: matrices by their names, axes with their values, variants by their slugs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcumatrix.errors import McuMatrixError
from mcumatrix.project import Project

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from mcumatrix.cli.declared import Command


def complete_names(
    command: "Command", _context: "click.Context", _parameter: "click.Parameter", begun: str
) -> "list[CompletionItem]":
    """Matrices, where a command takes one; files otherwise."""
    from click.shell_completion import CompletionItem

    from mcumatrix.overlay import entries

    if "MATRIX" not in command.usage and "[NAME]" not in command.usage:
        return [CompletionItem(begun, type="file")]
    names = (path.stem for path in entries(Project.here().matrix_folders, "*.yaml"))
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def complete_selection(
    context: "click.Context", _parameter: "click.Parameter", begun: str
) -> "list[CompletionItem]":
    """Axes with their values, and slugs, of the matrix that is named before."""
    from click.shell_completion import CompletionItem

    from mcumatrix.defaults import DEFAULT_MATRIX

    # An option whose value is still to come leaves what stood before it unread.
    names = context.params.get("names") or context.args or (DEFAULT_MATRIX,)
    try:
        return [CompletionItem(text) for text in _selections(names[0]) if text.startswith(begun)]
    except (McuMatrixError, OSError):
        # A matrix that cannot be read has nothing to choose from; the command says what is wrong with it.
        return []


def _selections(name: str) -> Iterator[str]:
    from mcumatrix.matrix.catalogues import load_catalogues
    from mcumatrix.matrix.load import find_matrix, load_matrix

    folders = Project.here().matrix_folders
    matrix = load_matrix(find_matrix(name, folders), load_catalogues(folders))
    for axis in matrix.axes:
        yield from (f"{axis.name}={value.replace(' ', '')}" for value in axis.values)
    yield from (variant.slug for variant in matrix.variants)
