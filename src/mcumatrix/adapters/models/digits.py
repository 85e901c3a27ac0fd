"""Reads the digits that models are checked with, and turns them into a model's input."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from mcumatrix.errors import ModelError
from mcumatrix.model.network import Tensor, TensorType

_SIDE = 28
_HEADER = struct.Struct(">BBBBII")
_HINT = "Make it again: python -m tools.models.train"


@dataclass(frozen=True, slots=True)
class Digit:
    """A handwritten digit: 28 x 28 pixels, row by row, one byte each; 0 is paper, 255 is ink."""

    label: int
    pixels: bytes

    def __repr__(self) -> str:
        return f"<Digit {self.label}>"


def read_digits(path: Path) -> tuple[Digit, ...]:
    """Reads an IDX file of uint8 with one row per digit: its label, then its 784 pixels.

    IDX is the format of the MNIST database: two zero bytes, type 8 (uint8), rank, big-endian dimensions.
    Raises ModelError if the file cannot be read or is something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The digits {path} cannot be read: {error.strerror}.", hint=_HINT) from error
    row = 1 + _SIDE * _SIDE
    header = _HEADER.unpack_from(data) if len(data) >= _HEADER.size else ()
    if header[:4] != (0, 0, 8, 2) or header[5] != row or len(data) != _HEADER.size + header[4] * row:
        raise ModelError(f"{path} is not an IDX file of digits: rows of {row} bytes.", hint=_HINT)
    rows = [data[start : start + row] for start in range(_HEADER.size, len(data), row)]
    return tuple(Digit(label=row[0], pixels=row[1:]) for row in rows)


def first_with_label(digits: tuple[Digit, ...], label: int) -> Digit:
    """The digit that is built into the firmware. Raises ModelError if there is none."""
    for digit in digits:
        if digit.label == label:
            return digit
    raise ModelError(f"There is no digit with label {label}.", hint="Choose one of 0 to 9.")


def input_bytes(digit: Digit, tensor: Tensor) -> bytes:
    """The digit as the contents of a model's input tensor, little-endian.

    Models are trained on pixel / 255. For float32 that is the value; for integers the nearest element, halves
    to even. Raises ModelError if the tensor has not one element per pixel.
    """
    if math.prod(tensor.shape) != len(digit.pixels):
        shape = "x".join(map(str, tensor.shape))
        raise ModelError(
            f"The model's input has the shape {shape}; digits have {_SIDE}x{_SIDE}.",
            hint="Give its entry the key input in place of digits, or choose a model of MNIST.",
        )
    if tensor.type is TensorType.FLOAT32:
        # A quotient of two small integers, rounded to double and then to float, is rounded correctly.
        return struct.pack(f"<{len(digit.pixels)}f", *(pixel / 255 for pixel in digit.pixels))
    quantization = tensor.quantization
    if quantization is None or tensor.type not in (TensorType.INT8, TensorType.UINT8):
        raise ModelError(
            f"The model's input has the type {tensor.type} and no quantisation.",
            hint="Convert the model to float32 or int8.",
        )
    low, high = (-128, 127) if tensor.type is TensorType.INT8 else (0, 255)
    scale, zero_point = quantization.scales[0], quantization.zero_points[0]
    elements = [
        min(high, max(low, round(pixel / 255 / scale) + zero_point)) for pixel in range(high - low + 1)
    ]
    return bytes(elements[pixel] & 0xFF for pixel in digit.pixels)
