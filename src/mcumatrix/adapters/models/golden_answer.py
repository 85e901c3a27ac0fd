"""Golden answers: what a model must answer to its one input, kept as JSON beside the model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcumatrix.errors import ModelError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.golden import GoldenOutput
from mcumatrix.model.network import Network, TensorType

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

SCHEMA = 2
RELATIVE_TOLERANCE = 1e-5
"""Of the largest float32 of an output, or of 1 if that is larger: sums may be added up in another order.
Integers must be the same."""

_ELEMENTS_IN_LINE = 16


def render_answer(
    model: bytes, inputs: bytes, outputs: "Sequence[Array]", network: Network, origin: Mapping[str, str]
) -> str:
    """The file's text; the same answers give the same text.

    `origin` says who answered. Integers stay integers; floats are the shortest decimals that give the same
    float32. Raises ModelError if an output is not finite.
    """
    import numpy as np

    described: list[dict[str, Any]] = []
    for tensor, answer in zip(network.output_tensors, outputs, strict=True):
        is_float = tensor.type is TensorType.FLOAT32
        if is_float and not np.isfinite(answer).all():
            raise ModelError(
                f"The output {tensor.name!r} is not finite, and nothing can be compared with that.",
                hint="Give the model another input.",
            )
        largest = float(str(np.abs(answer).max())) if is_float else 0.0
        described.append(
            {
                "name": tensor.name,
                "element": tensor.type.value,
                "shape": list(tensor.shape),
                "absolute_tolerance": RELATIVE_TOLERANCE * max(1.0, largest) if is_float else 0,
                "values": [float(str(one)) if is_float else int(one) for one in answer.reshape(-1)],
            }
        )
    header = {
        "schema": SCHEMA,
        "model_sha256": hash_bytes(model),
        "input_sha256": hash_bytes(inputs),
        **origin,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in header.items()]
    tensors = ",\n".join(map(_output_text, described))
    return "\n".join(["{", *lines, ' "outputs": [', tensors, " ]", "}", ""])


def _output_text(output: Mapping[str, Any]) -> str:
    values = output["values"]
    rows = [values[at : at + _ELEMENTS_IN_LINE] for at in range(0, len(values), _ELEMENTS_IN_LINE)]
    head = {key: value for key, value in output.items() if key != "values"}
    text = ",\n".join("   " + json.dumps(row)[1:-1] for row in rows)
    return f'  {json.dumps(head)[:-1]}, "values": [\n{text}]}}'


def read_answer(path: Path, model: bytes, inputs: bytes, hint: str) -> tuple[GoldenOutput, ...]:
    """What each output tensor must hold.

    Raises:
        ModelError: the file cannot be read, or was made from another model or another input; `hint` says how
            to make it again.
    """
    try:
        content = json.loads(path.read_text())
        if content["schema"] != SCHEMA:
            raise ValueError(content["schema"])
        made_from = content["model_sha256"], content["input_sha256"]
        outputs = tuple(
            GoldenOutput(tuple(map(float, output["values"])), float(output["absolute_tolerance"]))
            for output in content["outputs"]
        )
    except OSError as error:
        raise ModelError(f"Golden outputs {path} cannot be read: {error.strerror}.", hint=hint) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelError(f"{path} does not hold golden outputs.", hint=hint) from error
    for what, contents, sha256 in zip(("model", "input"), (model, inputs), made_from, strict=True):
        if hash_bytes(contents) != sha256:
            raise ModelError(f"Golden outputs {path.name} were made from another {what}.", hint=hint)
    return outputs
