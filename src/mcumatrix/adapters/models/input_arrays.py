"""Reads files into input tensors: arrays of numpy, images, sound, tables of numbers, bytes as they are.

Numbers that are whole are elements as they are; numbers with a point are real values, and become elements by
the tensor's quantisation. A pixel is a share of 255, and a sample of sound one of its full scale: they span
the whole range of integer elements, and 0 to 1, or -1 to 1, in float32.
"""

import hashlib
import io
import math
import wave
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.errors import ModelError, ToolError
from mcumatrix.model.network import Tensor, TensorType, shape_text

Array = npt.NDArray[Any]

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".webp")
_INTEGERS = (TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.INT32, TensorType.INT64)
_LARGEST_FILE_BYTES = 64 * 2**20
UNREADABLE = (
    *(ValueError, OSError, EOFError, KeyError, TypeError, MemoryError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What reading arrays of numpy from a damaged file ends with."""
_LARGEST_INDEX = 7
"""Random int32 and int64 inputs are indices more often than not, and these are in every table."""


def read_input_files(files: Sequence[Path], tensors: Sequence[Tensor]) -> tuple[Array, ...]:
    """One array for each tensor, of its type and shape: from as many files, or from one .npz.

    An .npz has arrays under the names of the tensors, or as many as there are tensors, in their order.

    Raises:
        ModelError: a file cannot be read, or does not fit its tensor.
        ToolError: it is an image, and Pillow is not installed.
    """
    if len(files) == 1 and files[0].suffix.lower() == ".npz":
        return _read_archive(files[0], tensors)
    if len(files) != len(tensors):
        names = ", ".join(repr(tensor.name) for tensor in tensors)
        raise ModelError(
            f"There are {len(files)} input files for {len(tensors)} inputs.",
            hint=f"Give one for each of {names}, in this order, or one .npz for all.",
        )
    return tuple(read_one(path, tensor) for path, tensor in zip(files, tensors, strict=True))


def random_array(tensor: Tensor, seed: int, index: int) -> Array:
    """Elements for input number `index` of a model, made from a number.

    Integers of the whole range of their type, floats from -1 up to 1, and small ones for indices. The bytes
    are those of SHAKE-256, which no library changes from one version to the next.
    """
    data = hashlib.shake_256(f"mcumatrix input {index} of {seed}".encode()).digest(4 * _count(tensor))
    words = np.frombuffer(data, "<u4")
    match tensor.type:
        case TensorType.FLOAT32:
            # 24 bits: every value is exact in float32.
            values: Array = ((words >> 8).astype(np.float64) / 2**23 - 1).astype(np.float32)
        case TensorType.BOOL:
            values = (words & 1).astype(np.bool_)
        case TensorType.INT32 | TensorType.INT64:
            values = (words & _LARGEST_INDEX).astype(tensor.type.value)
        case _:
            values = words.astype(tensor.type.value)
    return values.reshape(tensor.shape)


def joined(arrays: Sequence[Array]) -> bytes:
    """Arrays as tensors that lie one behind the other: little-endian."""
    return b"".join(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes() for array in arrays)


def split(data: bytes, tensors: Sequence[Tensor]) -> list[Array]:
    """The arrays of tensors that lie one behind the other."""
    arrays: list[Array] = []
    for tensor in tensors:
        part, data = data[: tensor.size_bytes], data[tensor.size_bytes :]
        arrays.append(np.frombuffer(part, tensor.type.value).reshape(tensor.shape))
    return arrays


def _count(tensor: Tensor) -> int:
    return math.prod(tensor.shape)


def read_one(path: Path, tensor: Tensor) -> Array:
    """A file as the elements of a tensor, in its shape. Raises as `read_input_files` does."""
    data = _contents(path)
    suffix = path.suffix.lower()
    try:
        if suffix in _IMAGES:
            return _image(path, data, tensor)
        return fitted(path, _READERS.get(suffix, _raw)(data, tensor), tensor)
    except (*UNREADABLE, wave.Error, SyntaxError) as error:
        raise ModelError(
            f"{path} cannot be read as {suffix or 'an input'}: {' '.join(str(error).split())[:200]}.",
            hint="Look whether it is what its ending says.",
        ) from error


def _contents(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise ModelError(
                f"{path} has more than {_LARGEST_FILE_BYTES // 2**20} MB: no input of a microcontroller.",
                hint="Name a file that fits the model's input.",
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The input {path} cannot be read: {error.strerror}.",
            hint="Check the path: on the command line, or in the model's file in matrix/models.",
        ) from error


def _read_archive(path: Path, tensors: Sequence[Tensor]) -> tuple[Array, ...]:
    try:
        with np.load(io.BytesIO(_contents(path)), allow_pickle=False) as archive:
            names = archive.files
            by_name = all(tensor.name in names for tensor in tensors)
            if not by_name and len(names) != len(tensors):
                raise ModelError(
                    f"{path} has the arrays {', '.join(names) or 'none'} for {len(tensors)} inputs.",
                    hint=f"Name them {', '.join(tensor.name for tensor in tensors)}.",
                )
            chosen = [tensor.name for tensor in tensors] if by_name else names
            return tuple(
                fitted(path, archive[name], tensor) for name, tensor in zip(chosen, tensors, strict=True)
            )
    except UNREADABLE as error:
        raise ModelError(
            f"{path} cannot be read as .npz: {' '.join(str(error).split())[:200]}.",
            hint="Write it with numpy.savez, without objects.",
        ) from error


def _npy(data: bytes, _tensor: Tensor) -> Array:
    array: Array = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def _raw(data: bytes, tensor: Tensor) -> Array:
    if len(data) != tensor.size_bytes:
        raise ValueError(f"it has {len(data)} bytes, and the tensor {tensor.size_bytes}")
    return np.frombuffer(data, np.dtype(tensor.type.value).newbyteorder("<"))


def _csv(data: bytes, _tensor: Tensor) -> Array:
    rows = numbers_in([data.decode("ascii")])
    return rows[0] if rows else np.zeros(0)


def numbers_in(lines: Sequence[str]) -> list[Array]:
    """The numbers between commas, semicolons or blanks of those lines that have any: whole ones, if all are.

    Raises:
        ValueError: something else is among them.
    """
    rows = [line.replace(",", " ").replace(";", " ").split() for line in lines]
    is_whole = all(word.lstrip("+-").isdigit() for words in rows for word in words)
    return [np.array(words, np.int64 if is_whole else np.float64) for words in rows if words]


def _wav(data: bytes, tensor: Tensor) -> Array:
    with wave.open(io.BytesIO(data)) as sound:
        if sound.getsampwidth() != 2:
            raise ValueError(f"it has samples of {8 * sound.getsampwidth()} bits, and 16 are read")
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    match tensor.type:
        case TensorType.INT16:
            return samples
        case TensorType.INT8:
            return samples >> 8
        case TensorType.UINT8:
            return (samples >> 8) + 128
        case _:
            return samples.astype(np.float64) / 2**15


_READERS: dict[str, Callable[[bytes, Tensor], Array]] = {
    ".npy": _npy,
    ".csv": _csv,
    ".txt": _csv,
    ".wav": _wav,
}


def _image(path: Path, data: bytes, tensor: Tensor) -> Array:
    """An image scaled to the tensor's height and width, grey or in colours as it has 1 or 3 channels."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ToolError(
            f"{path} is an image, and Pillow, which reads it, is not installed.",
            hint="pip install pillow, or give the pixels as .npy.",
        ) from error
    shape = tensor.shape[-3:] if len(tensor.shape) >= 3 else ()
    channels = {1: "L", 3: "RGB"}
    if len(shape) != 3 or shape[2] not in channels or math.prod(tensor.shape[:-3]) != 1:
        raise ModelError(
            f"{path} is an image, and the input {tensor.name!r} has the shape {shape_text(tensor.shape)}.",
            hint="Images go into inputs of 1 x height x width x 1 or 3; give other inputs as .npy.",
        )
    with Image.open(io.BytesIO(data)) as image:
        scaled = image.convert(channels[shape[2]]).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
        pixels = np.asarray(scaled, np.int64)
    return from_pixels(path, pixels, tensor)


def from_pixels(where: Path | str, pixels: Array, tensor: Tensor) -> Array:
    """Pixels of 0 to 255 as elements of a tensor, in its shape. Raises as `fitted` does."""
    if tensor.type is TensorType.FLOAT32:
        return fitted(where, pixels / 255, tensor)
    lowest = np.iinfo(tensor.type.value).min if tensor.type is TensorType.INT8 else 0
    return fitted(where, pixels.astype(np.int64) + lowest, tensor)


def fitted(where: Path | str, array: Array, tensor: Tensor) -> Array:
    """An array as elements of a tensor, in its shape. `where` it is from begins the sentences of errors.

    Raises:
        ModelError: it does not fit.
    """
    if array.size != _count(tensor):
        raise ModelError(
            f"{where} has {array.size} numbers ({shape_text(array.shape)}); the input {tensor.name!r} has"
            f" {_count(tensor)} ({shape_text(tensor.shape)}).",
            hint="Give as many as the model's input has elements.",
        )
    if array.dtype.kind == "f" and tensor.type is not TensorType.FLOAT32:
        array = _quantised(where, array, tensor)
    if array.dtype.kind not in "fiub":
        raise ModelError(f"{where} holds {array.dtype}, which are no numbers.", hint="Write numbers into it.")
    if tensor.type in _INTEGERS:
        limits = np.iinfo(tensor.type.value)
        if array.size and not limits.min <= array.min() <= array.max() <= limits.max:
            raise ModelError(
                f"{where} has numbers from {array.min()} to {array.max()}; the input {tensor.name!r} has"
                f" elements of {tensor.type}.",
                hint="Whole numbers are elements as they are; write real values with a point.",
            )
    return array.astype(tensor.type.value).reshape(tensor.shape)


def _quantised(where: Path | str, array: Array, tensor: Tensor) -> Array:
    """Elements that stand for real values: the nearest, halves to even, within the range of their type."""
    if tensor.quantization is None or tensor.type not in _INTEGERS:
        raise ModelError(
            f"{where} has real values; the input {tensor.name!r} of {tensor.type} has no quantisation.",
            hint="Write whole numbers, which are taken as elements.",
        )
    limits = np.iinfo(tensor.type.value)
    elements = np.rint(array.astype(np.float64) / tensor.quantization.scales[0])
    if not np.isfinite(elements).all():
        raise ModelError(
            f"{where} has values that are no finite numbers.", hint="Write other values into it."
        )
    clipped = np.clip(elements + tensor.quantization.zero_points[0], limits.min, limits.max)
    whole: Array = clipped.astype(np.int64)
    return whole
