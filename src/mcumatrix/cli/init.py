"""`init`: a project to begin with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.errors import ExitCode
from mcumatrix.project import Project


def init(project: Project, params: Mapping[str, Any], _names: list[str]) -> ExitCode:
    """`init`: a project of five files, which runs at once."""
    from mcumatrix.commands.init import init

    model = Path(params["model"]) if params["model"] else None
    return init(project, model, params["ci"], print_line)
