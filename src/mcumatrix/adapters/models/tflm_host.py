"""Runs a model on the host with the real TensorFlow Lite Micro, from the PyPI package tflite-micro.

The package's Python modules import TensorFlow, which the project does not need; this adapter loads the
package's extension alone. It has TensorFlow Lite's reference kernels, compiled for the host.
"""

from importlib import metadata, util
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.errors import ModelError, ToolError
from mcumatrix.model.network import Network

PACKAGE = "tflite-micro"
FUNCTION = "tflite_micro.python.tflite_micro._runtime.InterpreterWrapper.Invoke"
"""The function that computes; golden outputs name it."""

_EXTENSION = "_runtime.so"
_ARENA_BYTES = 4 * 2**20

Array = npt.NDArray[Any]


def version() -> str:
    """The version of the installed package. Raises ToolError if there is none."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise _missing() from error


class TflmHost:
    """An interpreter for one model. It keeps the outputs of all layers."""

    def __init__(self, model: bytes) -> None:
        """Raises ToolError if the package is not installed, ModelError if it refuses the model."""
        runtime = _load_extension()
        try:
            # 0: number of resource variables, which no model of ours has.
            self._interpreter = runtime.InterpreterWrapper(
                model, [], _ARENA_BYTES, 0, runtime.PythonInterpreterConfig.kPreserveAllTensors
            )
        except RuntimeError as error:
            raise ModelError(
                f"TensorFlow Lite Micro {version()} refuses the model: {error}.",
                hint="The lines that it printed above say which operator or type it is.",
            ) from error

    def run(self, values: Array) -> Array:
        """One inference; type and shape of `values` and of the result are those of the model."""
        self._interpreter.SetInputTensor(values, 0)
        self._interpreter.Invoke()
        return np.array(self._interpreter.GetOutputTensor(0))

    def run_layers(self, network: Network, values: Array) -> list[Array]:
        """One inference; the outputs of all layers of `network`, which must be the same model."""
        self.run(values)
        return [
            np.array(self._interpreter.GetTensor(layer.output, 0)["tensor_data"]) for layer in network.layers
        ]


def _load_extension() -> ModuleType:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise _missing() from error
    for file in files:
        if file.name == _EXTENSION:
            spec = util.spec_from_file_location("_runtime", file.locate())
            assert spec is not None and spec.loader is not None
            module = util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ToolError(
        f"The package {PACKAGE} {version()} has no {_EXTENSION}.",
        hint="Install the version that requirements-dev.lock names.",
    )


def _missing() -> ToolError:
    return ToolError(
        f"The package {PACKAGE} is not installed.",
        hint="Install what requirements-dev.lock names: ./dev test does it.",
    )
