"""Makes golden answers with TensorFlow Lite Micro on the host."""

from collections.abc import Sequence

from mcumatrix.adapters.models import tflm_host
from mcumatrix.adapters.models.golden_answer import render_answer
from mcumatrix.adapters.models.input_arrays import Array, split
from mcumatrix.adapters.models.set_answers import render_set_answers
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import TrialStatus, try_model
from mcumatrix.errors import ModelError, ToolError
from mcumatrix.model.network import Network


def make_answer(model: bytes, inputs: bytes) -> str:
    """The text of a file of golden outputs, for input tensors that lie one behind the other.

    Raises:
        ModelError: the library refuses the model or crashes, or the model answers differently each time.
        ToolError: the package tflite-micro is not installed.
    """
    network = read_network(model)
    arrays = split(inputs, network.input_tensors)
    first, second = _answers(model, network, [arrays, arrays])
    _require_same(first, second)
    return render_answer(model, inputs, first, network, tflm_host.origin())


def make_set_answers(model: bytes, inputs: Sequence[bytes]) -> bytes:
    """The contents of a file with the answers to a labelled set, of which these are all samples.

    The first one is asked twice. Raises as `make_answer` does.
    """
    network = read_network(model)
    arrays = [split(one, network.input_tensors) for one in inputs]
    *outputs, again = _answers(model, network, [*arrays, arrays[0]])
    _require_same(outputs[0], again)
    return render_set_answers(model, inputs, [output for (output,) in outputs], tflm_host.origin())


def _answers(model: bytes, network: Network, asked: Sequence[Sequence[Array]]) -> Sequence[tuple[Array, ...]]:
    trial = try_model(model, network, asked)
    if trial.status is TrialStatus.NOT_TRIED:
        raise ToolError(trial.said, hint=tflm_host.HOW_TO_GET_IT)
    if trial.status is not TrialStatus.RUNS:
        verb = "refuses the model" if trial.status is TrialStatus.REFUSES else "crashes"
        raise ModelError(
            f"TensorFlow Lite Micro {tflm_host.version()} on the host {verb}: {trial.said}",
            hint="Golden outputs of what it does not run have to come from elsewhere; see docs/models.md.",
        )
    return trial.outputs


def _require_same(first: tuple[Array, ...], second: tuple[Array, ...]) -> None:
    import numpy as np

    if not all(np.array_equal(one, other, equal_nan=True) for one, other in zip(first, second, strict=True)):
        raise ModelError(
            "The model answers differently when it is asked the same again, and nothing in its file says"
            " that it keeps a state.",
            hint="Each inference of a benchmark must be the same; export the model without random numbers.",
        )
