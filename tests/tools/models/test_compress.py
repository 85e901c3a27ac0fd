"""The script that made the models whose weights are numbers of lookup tables."""

from math import prod

import numpy as np
import pytest

from mcumatrix.adapters.models.digits import input_bytes, read_digits
from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import TflmHost
from mcumatrix.model.network import Network, Operator, Tensor
from tools.models import MODELS
from tools.models.compress import DECODE, INDEX_BITS, decoded, make_lut
from tools.models.tflite_writer import write_network

DIGITS = read_digits(MODELS / "digits.idx2-ubyte")
NAMES = ("mnist-int8", "mnist-float32")


def full(name: str) -> Network:
    return read_network(MODELS / f"{name}.tflite")


def compressed(name: str) -> Network:
    return read_network(MODELS / f"{name}-lut.tflite")


def real_values(tensor: Tensor) -> np.ndarray:
    elements = np.frombuffer(tensor.data, tensor.type.value).astype(np.float64)
    scales = np.array(tensor.quantization.scales if tensor.quantization else (1.0,))
    return (elements.reshape(len(scales), -1) * scales[:, None]).reshape(-1)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_models_are_made_from_the_full_ones_byte_by_byte(name: str) -> None:
    made = write_network(make_lut(full(name)), "mcumatrix: larger weights by lookup tables of 16 values")
    assert made == (MODELS / f"{name}-lut.tflite").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_the_host_decodes_is_what_the_tables_say(name: str) -> None:
    """Decoding loses nothing: the network with the decoded weights in its file answers the same."""
    network = compressed(name)
    plain = decoded(network)
    assert DECODE not in plain.operators
    hosts = TflmHost((MODELS / f"{name}-lut.tflite").read_bytes()), TflmHost(write_network(plain, ""))
    for digit in DIGITS[::9]:
        source = np.frombuffer(input_bytes(digit, network.input), network.input.type.value)
        one, other = (host.run(source.reshape(network.input.shape))[0] for host in hosts)
        assert np.array_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_layers_with_enough_weights_have_16_values_a_channel_or_tensor(name: str) -> None:
    before, after = full(name), decoded(compressed(name))
    changed = []
    for ours, theirs in zip(after.layers, before.layers, strict=True):
        weights, originals = after.weights_of(ours), before.weights_of(theirs)
        if weights is None or originals is None or weights.data == originals.data:
            continue
        changed.append(ours.index)
        channels = len(weights.quantization.scales) if weights.quantization else 1
        for channel in np.frombuffer(weights.data, weights.type.value).reshape(channels, -1):
            assert len(np.unique(channel)) <= 2**INDEX_BITS
        assert (
            np.abs(real_values(weights) - real_values(originals)).std() < 0.2 * real_values(originals).std()
        )
    assert changed == [2, 4, 5]


@pytest.mark.parametrize("name", NAMES)
def test_each_layer_with_tables_has_one_before_it_that_decodes(name: str) -> None:
    layers = compressed(name).layers
    assert [layer.index for layer in layers if layer.operator == DECODE] == [2, 5, 7]
    for index in (2, 5, 7):
        assert layers[index].outputs[0] == layers[index + 1].inputs[1]
    assert [layer.operator for layer in layers if layer.operator != DECODE] == [
        layer.operator for layer in full(name).layers
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_takes_four_bits(name: str) -> None:
    network = compressed(name)
    for layer in network.layers:
        if layer.operator == DECODE:
            numbers = network.input_of(layer, 0)
            assert numbers is not None
            assert numbers.size_bytes == prod(network.output_of(layer).shape) // 2


def test_the_smallest_difference_decides_which_value_a_weight_gets() -> None:
    before, after = full("mnist-int8"), decoded(compressed("mnist-int8"))
    layer = next(layer for layer in before.layers if layer.operator is Operator.CONV_2D)
    originals, weights = before.weights_of(layer), after.weights_of(after.layers[layer.index])
    assert originals is not None and weights is not None
    one, other = (np.frombuffer(tensor.data, np.int8).reshape(64, -1) for tensor in (originals, weights))
    for channel, chosen in zip(one.astype(int), other.astype(int), strict=True):
        distances = np.abs(channel[:, None] - np.unique(chosen)[None, :])
        assert np.array_equal(np.abs(channel - chosen), distances.min(axis=1))
