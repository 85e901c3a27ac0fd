"""The commands as `--help` has them, and the exit codes."""

import ast
import inspect
from collections.abc import Iterator

import click

from mcumatrix.cli.declared import COMMANDS
from mcumatrix.cli.main import click_command
from mcumatrix.errors import ExitCode, McuMatrixError
from tools.site.constants import constants

_WIDTH = 100


def commands_page() -> str:
    """A section for each command, with its help as a terminal shows it."""
    return "\n".join(line for command in COMMANDS for line in _section(command.name, help_of(command.name)))


def help_of(name: str) -> str:
    """What `mcumatrix NAME --help` prints."""
    command = click_command(next(one for one in COMMANDS if one.name == name))
    context = click.Context(
        command, info_name=f"mcumatrix {name}", terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    return command.get_help(context)


def _section(name: str, text: str) -> Iterator[str]:
    yield from (f"## {name}", "", "```text", text, "```", "")


def exit_codes_page() -> str:
    """A table of the exit codes, and of the errors that end with each of them."""
    meanings = exit_code_meanings()
    rows = ["| code | name | meaning | errors that end with it |", "|---|---|---|---|"]
    for code in ExitCode:
        errors = ", ".join(f"`{error.__name__}`" for error in _errors() if error.exit_code is code)
        rows.append(f"| {code.value} | `{code.name}` | {meanings[code.name]} | {errors} |")
    return "\n".join(rows)


def exit_code_meanings() -> dict[str, str]:
    """What each exit code means, by its name: the docstrings of `ExitCode`."""
    tree = ast.parse(inspect.getsource(ExitCode))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    return {one.name: one.docstring for one in constants(body)}


def _errors(of: type[McuMatrixError] = McuMatrixError) -> Iterator[type[McuMatrixError]]:
    for error in of.__subclasses__():
        if error.__module__ == McuMatrixError.__module__:
            yield error
            yield from _errors(error)
