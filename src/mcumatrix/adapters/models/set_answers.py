"""What a model answers on the host to each sample of a labelled set, kept as .npz beside the model.

Its arrays: `outputs` has one row of elements a sample, `input_crc32` the CRC-32 of each sample as the model's
input, `absolute_tolerance` is how far an element may be off, and `origin` a JSON text with the SHA-256 of the
model and who answered.
"""

import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.adapters.models.golden_answer import RELATIVE_TOLERANCE
from mcumatrix.adapters.models.input_arrays import UNREADABLE
from mcumatrix.errors import ModelError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.network import Tensor, TensorType

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class HostAnswers:
    """The host's answers to a whole set. `sha256` is that of the file."""

    path: Path
    sha256: str
    outputs: Array
    input_crc32: Array
    tolerance: float
    hint: str

    def expected(
        self, places: Sequence[int], input_crc32: Sequence[int], count: int
    ) -> tuple[tuple[float, ...], ...]:
        """The answers to the samples at some places of a set of `count`.

        Raises:
            ModelError: they are those to other samples: `input_crc32` are the checksums of these.
        """
        if len(self.outputs) != count:
            raise ModelError(
                f"The answers {self.path} are those to {len(self.outputs):,} samples; the set has {count:,}.",
                hint=self.hint,
            )
        for place, crc32 in zip(places, input_crc32, strict=True):
            if int(self.input_crc32[place]) != crc32:
                raise ModelError(
                    f"The answers {self.path} were made from other samples: sample {place} is another.",
                    hint=self.hint,
                )
        return tuple(tuple(map(float, self.outputs[place])) for place in places)


def render_set_answers(
    model: bytes,
    inputs: Sequence[bytes],
    outputs: Sequence[Array],
    origin: Mapping[str, str],
    tolerance: float | None = None,
) -> bytes:
    """The file's contents; the same answers give the same bytes with the same zlib.

    `origin` says who answered. Without a `tolerance` that of golden outputs is taken. Raises ModelError if an
    output is not finite.
    """
    rows = np.stack([np.asarray(output).reshape(-1) for output in outputs])
    is_float = rows.dtype.kind == "f"
    if is_float and not np.isfinite(rows).all():
        raise ModelError(
            "Some outputs to the labelled set are not finite, and nothing can be compared with that.",
            hint="Take `answers` out of the model's file, or give the model other samples.",
        )
    if tolerance is None:
        tolerance = RELATIVE_TOLERANCE * max(1.0, float(np.abs(rows).max())) if is_float else 0.0
    file = io.BytesIO()
    np.savez_compressed(
        file,
        outputs=rows,
        input_crc32=np.array([zlib.crc32(one) for one in inputs], np.uint32),
        absolute_tolerance=np.float64(tolerance),
        origin=np.array(json.dumps({"model_sha256": hash_bytes(model), **origin})),
    )
    return file.getvalue()


def read_set_answers(path: Path, model: bytes, output: Tensor, hint: str) -> HostAnswers:
    """Raises ModelError if the file cannot be read, or was made from another model; `hint` is what to do."""
    try:
        data = path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            outputs, input_crc32 = archive["outputs"], archive["input_crc32"]
            tolerance = float(archive["absolute_tolerance"])
            origin = json.loads(str(archive["origin"]))
        if outputs.dtype.name != output.type.value or outputs.shape[1:] != (output.shape[-1],):
            raise ValueError(outputs.dtype)
        if input_crc32.dtype != np.uint32 or input_crc32.shape != outputs.shape[:1]:
            raise ValueError(input_crc32.shape)
        if not 0 <= tolerance < np.inf or (tolerance and output.type is not TensorType.FLOAT32):
            raise ValueError(tolerance)
        made_from = origin["model_sha256"]
    except OSError as error:
        raise ModelError(f"The answers {path} cannot be read: {error.strerror}.", hint=hint) from error
    except UNREADABLE as error:
        raise ModelError(f"{path} does not hold the answers to a labelled set.", hint=hint) from error
    if made_from != hash_bytes(model):
        raise ModelError(f"The answers {path} were made from another model.", hint=hint)
    return HostAnswers(path, hash_bytes(data), outputs, input_crc32, tolerance, hint)
