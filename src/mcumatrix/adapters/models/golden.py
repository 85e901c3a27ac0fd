"""Golden outputs: what a model must answer for each digit, kept as JSON beside the models."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcumatrix.adapters.models.digits import Digit, input_bytes
from mcumatrix.errors import ModelError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.network import Network, TensorType

if TYPE_CHECKING:
    import numpy.typing as npt

SCHEMA = 1
FLOAT_TOLERANCE = 1e-5
_HINT = "Make it again: python -m tools.models.make_golden"


@dataclass(frozen=True, slots=True)
class Golden:
    """What a model must answer.

    `outputs` has one row of elements per digit, in the order of the file of digits. An answer is right if
    each element differs by no more than `tolerance`, which is 0 for integers.
    """

    model_sha256: str
    tolerance: float
    outputs: tuple[tuple[float, ...], ...]


def read_golden(path: Path, model: bytes) -> Golden:
    """Raises ModelError if the file cannot be read or was made from another model."""
    try:
        content = json.loads(path.read_text())
        golden = Golden(
            model_sha256=content["model_sha256"],
            tolerance=content["comparison"]["absolute_tolerance"],
            outputs=tuple(map(tuple, content["outputs"])),
        )
    except OSError as error:
        raise ModelError(f"Golden outputs {path} cannot be read: {error.strerror}.", hint=_HINT) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} does not hold golden outputs.", hint=_HINT) from error
    if golden.model_sha256 != hash_bytes(model):
        raise ModelError(f"Golden outputs {path.name} were made from another model.", hint=_HINT)
    return golden


@dataclass(frozen=True, slots=True)
class Reference:
    """Who says what is right. `run` is one inference; `origin` says in the file who it is."""

    run: "Callable[[npt.NDArray[Any]], npt.NDArray[Any]]"
    origin: Mapping[str, str]
    tolerance: float


def tflm_reference(model: bytes, network: Network) -> Reference:
    """TensorFlow Lite Micro on the host. Raises ToolError if the package tflite-micro is not installed."""
    from mcumatrix.adapters.models import tflm_host

    host = tflm_host.TflmHost(model)
    return Reference(
        run=lambda values: host.run(values)[0],
        origin=tflm_host.origin(),
        tolerance=FLOAT_TOLERANCE if network.output.type is TensorType.FLOAT32 else 0,
    )


def render_golden(model: bytes, network: Network, digits: tuple[Digit, ...], reference: Reference) -> str:
    """The answers to all digits; the same input gives the same text.

    Integers stay integers; floats are the shortest decimals that give the same float32.
    """
    import numpy as np

    is_float = network.output.type is TensorType.FLOAT32
    outputs: list[list[Any]] = []
    for digit in digits:
        source = np.frombuffer(input_bytes(digit, network.input), dtype=network.input.type)
        answer = reference.run(source.reshape(network.input.shape)).reshape(-1)
        outputs.append([float(str(element)) if is_float else int(element) for element in answer])
    header = {
        "schema": SCHEMA,
        "model_sha256": hash_bytes(model),
        **reference.origin,
        "element": network.output.type,
        "comparison": {"absolute_tolerance": reference.tolerance},
        "labels": [digit.label for digit in digits],
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in header.items()]
    rows = ",\n".join(f"  {json.dumps(row)}" for row in outputs)
    return "\n".join(["{", *lines, ' "outputs": [', rows, " ]", "}", ""])
