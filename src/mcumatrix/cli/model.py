"""`doit model`: a model of one's own."""

from pathlib import Path
from typing import Any

from mcumatrix.cli.common import OfNames, print_line, text_options
from mcumatrix.errors import ExitCode, MatrixError
from mcumatrix.project import Project


class BringModel(OfNames):
    """`doit model`: a .tflite file becomes a model that matrices can name."""

    name = "model"
    doc_purpose = "enter a .tflite file into matrix/models with golden outputs made on this machine"
    doc_usage = "FILE.tflite|NAME"
    doc_description = (
        "FILE.tflite becomes an entry; NAME is a model that has one, and gets new golden outputs. They are "
        "made by TensorFlow Lite Micro on this machine."
    )
    cmd_options = (
        *text_options(**{"as": "what the model is called; without it, as its file"}),
        {
            "name": "input",
            "long": "input",
            "type": list,
            "default": [],
            "help": "a file with an input (.npy, .npz, .csv, .wav, an image, bytes as they are), once for "
            "each input; without any, random elements",
        },
        {
            "name": "seed",
            "long": "seed",
            "type": int,
            "default": 1,
            "help": "the number that random elements are made from",
        },
    )

    def _go(self, project: Project, params: Any, names: list[str]) -> ExitCode:
        from mcumatrix.commands.model import ModelRequest, bring_model

        if not names:
            raise MatrixError("doit model takes a file or a name", hint="Such as: doit model my.tflite")
        inputs = tuple(map(Path, params["input"]))
        request = ModelRequest(names[0], params["as"], inputs, params["seed"])
        return bring_model(project, request, print_line)
