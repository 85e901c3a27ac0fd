"""Makes golden answers with TensorFlow Lite Micro on the host."""

from mcumatrix.adapters.models import tflm_host
from mcumatrix.adapters.models.golden_answer import render_answer
from mcumatrix.adapters.models.input_arrays import split
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import TrialStatus, try_model
from mcumatrix.errors import ModelError, ToolError


def make_answer(model: bytes, inputs: bytes) -> str:
    """The text of a file of golden outputs, for input tensors that lie one behind the other.

    Raises:
        ModelError: the library refuses the model or crashes, or the model answers differently each time.
        ToolError: the package tflite-micro is not installed.
    """
    import numpy as np

    network = read_network(model)
    arrays = split(inputs, network.input_tensors)
    trial = try_model(model, network, [arrays, arrays])
    if trial.status is TrialStatus.NOT_TRIED:
        raise ToolError(trial.said, hint="Install what requirements.lock names: ./dev setup does it.")
    if trial.status is not TrialStatus.RUNS:
        verb = "refuses the model" if trial.status is TrialStatus.REFUSES else "crashes"
        raise ModelError(
            f"TensorFlow Lite Micro {tflm_host.version()} on the host {verb}: {trial.said}",
            hint="Golden outputs of what it does not run have to come from elsewhere; see docs/models.md.",
        )
    first, second = trial.outputs
    if not all(np.array_equal(one, other, equal_nan=True) for one, other in zip(first, second, strict=True)):
        raise ModelError(
            "The model answers differently when it is asked the same again, and nothing in its file says"
            " that it keeps a state.",
            hint="Each inference of a benchmark must be the same; export the model without random numbers.",
        )
    return render_answer(model, inputs, first, network, tflm_host.origin())
