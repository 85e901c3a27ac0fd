"""`model`: a model of one's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcumatrix.cli.common import print_line
from mcumatrix.errors import ExitCode
from mcumatrix.project import Project


def model(project: Project, params: Mapping[str, Any], names: list[str]) -> ExitCode:
    """`model`: a .tflite file becomes a model that matrices can name."""
    from mcumatrix.commands.model import ModelRequest, bring_model

    inputs = tuple(map(Path, params["input"]))
    request = ModelRequest(names[0], params["as"], inputs, params["seed"])
    return bring_model(project, request, print_line)
