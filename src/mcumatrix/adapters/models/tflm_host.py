"""Runs a model on the host with the real TensorFlow Lite Micro, from the PyPI package tflite-micro.

The package's Python modules import TensorFlow, which the project does not need; this adapter loads the
package's extension alone. It has TensorFlow Lite's reference kernels, compiled for the host.
"""

import multiprocessing
import os
import pickle
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata, util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.errors import ModelError, ToolError
from mcumatrix.model.network import Network

PACKAGE = "tflite-micro"
HOW_TO_GET_IT = (
    "Golden answers are made with it, and models tried: pip install 'mcumatrix[golden]', or ./dev setup in a "
    "checkout. It exists for x86-64 Linux alone. Builds and runs do without it."
)

FUNCTION = "tflite_micro.python.tflite_micro._runtime.InterpreterWrapper.Invoke"
"""The function that computes; golden outputs name it."""

_EXTENSION = "_runtime.so"
_ARENA_BYTES = 64 * 2**20
_VARIABLES = 64
"""How many a model can have that keep their values between inferences."""
_TRIAL_TIMEOUT_S = 60.0
_INFERENCE_TIMEOUT_S = 1.0
"""For each inference but the first."""

Array = npt.NDArray[Any]


def version() -> str:
    """The version of the installed package. Raises ToolError if there is none."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise _missing() from error


def origin() -> dict[str, str]:
    """Who answers here, as files of golden outputs say it. Raises ToolError if there is no package."""
    return {"package": PACKAGE, "package_version": version(), "function": FUNCTION}


class TflmHost:
    """An interpreter for one model. It keeps the outputs of all layers."""

    def __init__(self, model: bytes, output_count: int = 1) -> None:
        """Raises ToolError if the package is not installed, ModelError if it refuses the model."""
        self._output_count = output_count
        runtime = _load_extension()
        try:
            self._interpreter = runtime.InterpreterWrapper(
                model, [], _ARENA_BYTES, _VARIABLES, runtime.PythonInterpreterConfig.kPreserveAllTensors
            )
        except RuntimeError as error:
            raise ModelError(
                f"TensorFlow Lite Micro {version()} refuses the model: {error}.",
                hint="The lines that it printed above say which operator or type it is.",
            ) from error

    def run(self, *inputs: Array) -> tuple[Array, ...]:
        """One inference; types and shapes of `inputs` and of the results are those of the model.

        Raises RuntimeError if it fails.
        """
        for index, values in enumerate(inputs):
            self._interpreter.SetInputTensor(values, index)
        self._interpreter.Invoke()
        return tuple(
            np.array(self._interpreter.GetOutputTensor(index)) for index in range(self._output_count)
        )

    def run_layers(self, network: Network, *inputs: Array) -> list[Array]:
        """One inference; the first outputs of all layers of `network`, which must be the same model."""
        self.run(*inputs)
        return [
            np.array(self._interpreter.GetTensor(layer.outputs[0], 0)["tensor_data"])
            for layer in network.layers
        ]


_REFUSES, _NOT_TRIED = 3, 4


class TrialStatus(StrEnum):
    """How a trial of a model on the host ended."""

    RUNS = "runs"
    REFUSES = "refuses"
    CRASHES = "crashes"
    NOT_TRIED = "not-tried"


@dataclass(frozen=True, slots=True)
class Trial:
    """What TensorFlow Lite Micro made of a model; `said` is what it printed, or why there was no trial.

    `outputs` are the output tensors of each inference that was run, if it ran them all.
    """

    status: TrialStatus
    said: str
    outputs: tuple[tuple[Array, ...], ...] = field(default=(), compare=False)


_STATUSES = {0: TrialStatus.RUNS, _REFUSES: TrialStatus.REFUSES, _NOT_TRIED: TrialStatus.NOT_TRIED}


def try_model(model: bytes, network: Network, inputs: Sequence[Sequence[Array]] | None = None) -> Trial:
    """Prepares a model and runs an inference on each of `inputs`, on zeros if there are none.

    `network` is what the file holds. A model that keeps a state is prepared anew for each of them. This is
    done in a process of its own: TensorFlow Lite Micro prints its reasons to stderr, which all threads share,
    and its C++ code may end the process that it runs in.
    """
    if inputs is None:
        inputs = [[np.zeros(tensor.shape, tensor.type.value) for tensor in network.input_tensors]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _SAID).touch()
        # By a file: a process that ends at once would leave whoever writes to its pipe waiting.
        (folder / _ASKED).write_bytes(pickle.dumps((model, network, inputs)))
        # Not a fork: the caller may have threads.
        process = multiprocessing.get_context("spawn").Process(target=_begin, args=(folder,), daemon=True)
        process.start()
        timeout_s = _TRIAL_TIMEOUT_S + _INFERENCE_TIMEOUT_S * (len(inputs) - 1)
        process.join(timeout_s)
        if process.is_alive():
            process.kill()
            process.join()
            return Trial(TrialStatus.CRASHES, f"It had not ended after {timeout_s:.0f} s.")
        lines = (folder / _SAID).read_text(errors="replace").split("\n")
        text = " ".join(line.strip() for line in lines if line.strip())
        status = _STATUSES.get(process.exitcode or 0, TrialStatus.CRASHES)
        if status is TrialStatus.CRASHES:
            text = f"It ended with exit code {process.exitcode}. {text}".strip()
        if status is not TrialStatus.RUNS:
            return Trial(status, text)
        return Trial(status, text, _kept_outputs(folder, len(inputs), len(network.outputs)))


_ASKED, _SAID, _OUTPUTS = "asked", "said", "outputs.npz"


def _begin(folder: Path) -> None:
    model, network, inputs = pickle.loads((folder / _ASKED).read_bytes())
    _trial(model, network, inputs, folder)


def _trial(model: bytes, network: Network, inputs: Sequence[Sequence[Array]], folder: Path) -> None:
    """What the process of `try_model` does: its exit code is a key of _STATUSES."""
    said = folder / _SAID
    with said.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        host = TflmHost(model, len(network.outputs))
        answers: list[Array] = []
        for index, one in enumerate(inputs):
            if index > 0 and network.keeps_state:
                host = TflmHost(model, len(network.outputs))
            answers += host.run(*one)
        np.savez(folder / _OUTPUTS, *answers)
    except ToolError as error:
        said.write_text(error.message)
        sys.exit(_NOT_TRIED)
    except (ModelError, RuntimeError, ValueError):
        sys.exit(_REFUSES)


def _kept_outputs(folder: Path, runs: int, output_count: int) -> tuple[tuple[Array, ...], ...]:
    """The outputs that the process has left in a folder, if it has."""
    if not (folder / _OUTPUTS).exists():
        return ()
    with np.load(folder / _OUTPUTS) as kept:
        arrays = [kept[f"arr_{index}"] for index in range(runs * output_count)]
    return tuple(tuple(arrays[at : at + output_count]) for at in range(0, len(arrays), output_count))


def _load_extension() -> ModuleType:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise _missing() from error
    for file in files:
        if file.name == _EXTENSION:
            spec = util.spec_from_file_location("_runtime", file.locate())
            assert spec is not None and spec.loader is not None
            try:
                module = util.module_from_spec(spec)
                spec.loader.exec_module(module)
            except ImportError as error:
                raise ToolError(
                    f"The package {PACKAGE} {version()} cannot be loaded on this machine: {error}.",
                    hint="It exists for some systems and Pythons only. Builds and runs do without it.",
                ) from error
            return module
    raise ToolError(
        f"The package {PACKAGE} {version()} has no {_EXTENSION}.",
        hint="Install the version that requirements.lock names: ./dev setup does it.",
    )


def _missing() -> ToolError:
    return ToolError(
        f"The package {PACKAGE} is not installed.",
        hint=HOW_TO_GET_IT,
    )
