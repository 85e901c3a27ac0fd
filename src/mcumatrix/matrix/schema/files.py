"""The JSON Schemas for editors, made from the models of the files."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mcumatrix.matrix.schema.board_file import BoardFile
from mcumatrix.matrix.schema.matrix_file import MatrixFile
from mcumatrix.matrix.schema.model_file import ModelFile
from mcumatrix.matrix.schema.runtime_file import RuntimeFile
from mcumatrix.matrix.schema.toolchain_file import ToolchainFile

FILES: dict[str, type[BaseModel]] = {
    "matrix": MatrixFile,
    "board": BoardFile,
    "runtime": RuntimeFile,
    "toolchain": ToolchainFile,
    "model": ModelFile,
}
"""The models by the name of their schema, `docs/<name>.schema.json`."""


def schema_text(name: str) -> str:
    """The JSON Schema of the files called `name` in FILES, as it stands in `docs/<name>.schema.json`."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= FILES[name].model_json_schema()
    return json.dumps(schema, indent=2) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Writes every schema into `folder`, and returns the paths."""
    paths = [folder / f"{name}.schema.json" for name in FILES]
    for name, path in zip(FILES, paths, strict=True):
        path.write_text(schema_text(name), encoding="utf-8")
    return paths
