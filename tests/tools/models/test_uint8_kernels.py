"""Our copy of the uint8 kernels of TensorFlow Lite Micro 1.14.0.

The int8 kernels of the current release do the same arithmetic when weights have one scale a tensor and zero
point 0, so the real thing can judge: a uint8 model that is 128 higher everywhere must answer 128 higher.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix.adapters.models.tflite_file import read_network
from mcumatrix.adapters.models.tflm_host import TflmHost
from mcumatrix.model.network import Network, Operator, Quantization, Tensor, TensorType
from tools.models import MODELS
from tools.models.tflite_writer import write_network
from tools.models.uint8_kernels import (
    Uint8Interpreter,
    divide_by_power_of_two,
    doubling_high_product,
    exp_on_negative_values,
    multiply_by_power_of_two,
    reciprocal_of_sum,
    softmax_row,
)

SMALL_MODELS = Path(__file__).parents[2] / "adapters" / "models" / "data"
INT32 = st.integers(-(2**31), 2**31 - 1)


def with_one_scale(network: Network) -> Network:
    """Weights get one scale a tensor, a power of two, so that its products are exact in float and double."""
    tensors = list(network.tensors)
    for layer in network.layers:
        source, weights, bias = (network.input_of(layer, position) for position in range(3))
        if layer.operator in (Operator.MAX_POOL_2D, Operator.RESHAPE, Operator.SOFTMAX):
            continue
        scale = 2.0 ** round(math.log2(weights.quantization.scales[0]))
        tensors[weights.index] = replace(weights, quantization=Quantization((scale,), (0,)))
        if bias is not None:
            product = Quantization((source.quantization.scales[0] * scale,), (0,))
            tensors[bias.index] = replace(bias, quantization=product)
    return replace(network, tensors=tuple(tensors))


def raised(tensor: Tensor) -> Tensor:
    """An int8 tensor as uint8: 128 higher, and so is its zero point."""
    if tensor.type is not TensorType.INT8:
        return tensor
    quantization = tensor.quantization
    points = tuple(point + 128 for point in quantization.zero_points)
    data = None if tensor.data is None else bytes(element ^ 0x80 for element in tensor.data)
    return replace(
        tensor, type=TensorType.UINT8, quantization=replace(quantization, zero_points=points), data=data
    )


@pytest.mark.parametrize("path", [SMALL_MODELS / "every-option-int8.tflite", MODELS / "mnist-int8.tflite"])
def test_every_layer_answers_as_tensorflow_lite_micro_does_in_int8(path: Path) -> None:
    network = with_one_scale(read_network(path))
    host = TflmHost(write_network(network, ""))
    ours = Uint8Interpreter(replace(network, tensors=tuple(map(raised, network.tensors))))
    generator = np.random.default_rng(5)
    for _ in range(20):
        values = generator.integers(-128, 128, network.input.shape).astype(np.int8)
        layers = ours.run_layers(values.view(np.uint8) ^ 0x80)
        for theirs, answer in zip(host.run_layers(network, values), layers, strict=True):
            np.testing.assert_array_equal(answer, theirs.view(np.uint8) ^ 0x80)


@settings(deadline=None)
@given(left=st.lists(INT32, min_size=1, max_size=20), right=INT32)
def test_a_doubling_high_product_is_rounded_half_away_from_zero(left: list[int], right: int) -> None:
    for element, result in zip(left, doubling_high_product(np.array(left), right), strict=True):
        product = element * right
        # SaturatingRoundingDoublingHighMul of gemmlowp, in numbers of any size; halves below 0 go up.
        nudged = product + (2**30 if product >= 0 else 1 - 2**30)
        exact = abs(nudged) // 2**31 * (1 if nudged >= 0 else -1)
        assert result == min(exact, 2**31 - 1)
        assert abs(result * 2**31 - product) <= 2**30 or result == 2**31 - 1


@given(value=INT32, exponent=st.integers(0, 31))
def test_division_by_a_power_of_two_is_rounded_half_away_from_zero(value: int, exponent: int) -> None:
    exact = math.floor(abs(value) / 2**exponent + 0.5) * (1 if value >= 0 else -1)
    assert divide_by_power_of_two(np.array([value]), exponent)[0] == exact


@given(value=INT32, exponent=st.integers(1, 5))
def test_multiplication_by_a_power_of_two_saturates(value: int, exponent: int) -> None:
    exact = min(max(value * 2**exponent, -(2**31)), 2**31 - 1)
    assert multiply_by_power_of_two(np.array([value]), exponent)[0] == exact


@given(value=st.integers(-(2**31), 0))
def test_the_exponential_is_right_to_six_digits(value: int) -> None:
    exact = math.exp(value / 2**26)
    assert exp_on_negative_values(np.array([value]))[0] / 2**31 == pytest.approx(exact, abs=1e-6)


@given(total=st.integers(2**19, 2**31 - 1))
def test_the_reciprocal_is_right_to_seven_digits(total: int) -> None:
    reciprocal, exponent = reciprocal_of_sum(total)
    assert reciprocal / 2**31 / 2**exponent == pytest.approx(2**19 / total, rel=1e-7)


@settings(deadline=None)
@given(
    row=st.lists(st.integers(0, 255), min_size=1, max_size=30),
    scale=st.floats(2**-7, 1, width=32),
)
def test_softmax_is_right_to_one_step(row: list[int], scale: float) -> None:
    exponentials = [math.exp((element - max(row)) * scale) for element in row]
    exact = [min(255, 256 * one / sum(exponentials)) for one in exponentials]
    for ours, real in zip(softmax_row(np.array(row), 1.0, scale), exact, strict=True):
        assert abs(int(ours) - real) <= 0.51
