"""`pin`: enters a runtime from a repository."""

from collections.abc import Mapping
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.errors import ExitCode
from mcumatrix.project import Project


def pin(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:  # noqa: ARG001
    """`pin`: a runtime's file with the commits of now."""
    from mcumatrix.commands.pin import pin

    runtime, repository = names
    return pin(project, runtime, repository, print_line)
