"""Commands that hand results to other tools, and take theirs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.defaults import DEFAULT_MATRIX
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project


def export(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`export`: for other tools."""
    from mcumatrix.commands.exporting import export

    if not params["format"]:
        raise MatrixError("export needs a format", hint="As in: export quickstart --format asv")
    return export(
        project,
        names[0] if names else DEFAULT_MATRIX,
        format_name=params["format"],
        folder=params["out"],
        commit=params["commit"],
        say=print_line,
    )


def import_(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`import`: what other tools measured."""
    from mcumatrix.commands.importing import Given, import_results

    given = Given(params["as"], params["source"], params["date"], params["clock"], params["axes"])
    return import_results(project, names[0], Path(names[1]), given, print_line)
