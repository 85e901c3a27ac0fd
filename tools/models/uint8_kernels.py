"""The uint8 kernels of TensorFlow Lite Micro 1.14.0, bit by bit: what mnist-uint8.tflite must answer.

The package tflite-micro runs no uint8 models any more, so its right answers are computed here. Integers of
any size stand for int32, and sums of products are exact, so results are those of the C++ code as long as that
does not overflow.

Sources, at the tag v1.14.0 below tensorflow/lite/: experimental/micro/kernels/{conv,depthwise_conv,
fully_connected,pooling,softmax}.cc, kernels/internal/reference/{conv,depthwiseconv_uint8,fully_connected,
pooling,softmax}.h, kernels/internal/common.h; and gemmlowp's fixedpoint/fixedpoint.h.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mcumatrix.adapters.runtimes.fixed_point import int8_limits, softmax_constants, tensor_multiplier
from mcumatrix.model.network import (
    ConvolutionOptions,
    FullyConnectedOptions,
    Layer,
    Network,
    Operator,
    PoolOptions,
    SoftmaxOptions,
    Tensor,
    padded_size,
)

FUNCTION = "tools/models/uint8_kernels.py: TensorFlow Lite Micro 1.14.0"

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

_INT32_MAX, _INT32_MIN = 2**31 - 1, -(2**31)


class Uint8Interpreter:
    """Runs a network whose activations and weights are uint8, one scale and zero point per tensor."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def run(self, values: Array) -> Array:
        """One inference; type and shape of `values` and of the result are those of the network."""
        return self.run_layers(values)[-1]

    def run_layers(self, values: Array) -> list[Array]:
        """One inference; the outputs of all layers."""
        known = {self._network.inputs[0]: values.astype(np.int64)}
        outputs = []
        for layer in self._network.layers:
            assert layer.inputs[0] is not None
            source, output = known[layer.inputs[0]], self._network.output_of(layer)
            known[layer.outputs[0]] = self._run(layer, source).reshape(output.shape)
            outputs.append(known[layer.outputs[0]].astype(np.uint8))
        return outputs

    def _run(self, layer: Layer, source: Integers) -> Integers:
        match layer.options:
            case ConvolutionOptions():
                return self._requantise(layer, self._convolve(layer, layer.options, source))
            case FullyConnectedOptions():
                weights = self._centred_weights(layer)
                rows = (source - self._zero_point_of_source(layer)).reshape(-1, weights.shape[1])
                return self._requantise(layer, _product(rows, weights.T))
            case PoolOptions():
                return self._max_pool(layer, layer.options, source)
            case SoftmaxOptions():
                source_tensor = self._network.input_of(layer, 0)
                assert source_tensor is not None
                return np.apply_along_axis(
                    softmax_row, -1, source, layer.options.beta, _quantization(source_tensor)[0]
                )
        return source  # RESHAPE

    def _convolve(self, layer: Layer, options: ConvolutionOptions, source: Integers) -> Integers:
        """Sums of products of all output channels, without bias. Padding counts as the real number 0."""
        weights = self._centred_weights(layer)
        windows = _windows(
            source - self._zero_point_of_source(layer),
            (weights.shape[1], weights.shape[2]),
            options,
            (options.dilation_height, options.dilation_width),
        )
        if layer.operator is Operator.CONV_2D:
            flat = windows.reshape(*windows.shape[:3], -1)
            return _product(flat, weights.transpose(1, 2, 3, 0).reshape(flat.shape[-1], -1))
        multiplier = weights.shape[3] // source.shape[3]
        repeated = np.repeat(windows, multiplier, axis=-1)
        sums: Integers = (repeated * weights[0]).sum(axis=(3, 4))
        return sums

    def _max_pool(self, layer: Layer, options: PoolOptions, source: Integers) -> Integers:
        size = (options.filter_height, options.filter_width)
        # Padding is not looked at: it counts as the smallest element.
        largest: Integers = _windows(source, size, options, (1, 1)).max(axis=(3, 4))
        return largest.clip(*self._limits(layer))

    def _requantise(self, layer: Layer, sums: Integers) -> Integers:
        """Bias, MultiplyByQuantizedMultiplier, zero point and limits of the output."""
        source, weights, bias = (self._network.input_of(layer, position) for position in range(3))
        assert source is not None and weights is not None
        scale, zero_point = _quantization(self._network.output_of(layer))
        if bias is not None:
            assert bias.data is not None
            sums = sums + np.frombuffer(bias.data, "<i4")
        multiplier, shift = tensor_multiplier(_quantization(source)[0], _quantization(weights)[0], scale)
        high = doubling_high_product(sums * 2 ** max(shift, 0), multiplier)
        return np.clip(divide_by_power_of_two(high, max(-shift, 0)) + zero_point, *self._limits(layer))

    def _limits(self, layer: Layer) -> tuple[int, int]:
        scale, zero_point = _quantization(self._network.output_of(layer))
        assert isinstance(layer.options, ConvolutionOptions | PoolOptions | FullyConnectedOptions)
        low, high = int8_limits(layer.options.activation, scale, zero_point - 128)
        return low + 128, high + 128

    def _zero_point_of_source(self, layer: Layer) -> int:
        source = self._network.input_of(layer, 0)
        assert source is not None
        return _quantization(source)[1]

    def _centred_weights(self, layer: Layer) -> Integers:
        weights = self._network.input_of(layer, 1)
        assert weights is not None and weights.data is not None
        elements = np.frombuffer(weights.data, np.uint8).reshape(weights.shape)
        return elements.astype(np.int64) - _quantization(weights)[1]


def softmax_row(row: Integers, beta: float, scale: float) -> Integers:
    """Softmax of uint8 to uint8 of scale 1/256: exponentials in Q5.26, their sum in Q12.19."""
    constants = softmax_constants(beta, scale)
    differences = row - row.max()
    counts = differences >= constants.difference_min
    scaled = doubling_high_product(
        np.where(counts, differences, 0) * 2**constants.shift, constants.multiplier
    )
    exponentials = exp_on_negative_values(scaled)
    total = int(divide_by_power_of_two(exponentials, 12)[counts].sum())
    reciprocal, bits_over_unit = reciprocal_of_sum(total)
    products = doubling_high_product(exponentials, reciprocal)
    results = divide_by_power_of_two(products, bits_over_unit + 31 - 8)
    return np.where(counts, np.clip(results, 0, 255), 0)


def doubling_high_product(left: Integers, right: int | Integers) -> Integers:
    """SaturatingRoundingDoublingHighMul: the upper half of twice a product, halves away from zero.

    Both are int32; the one product that does not fit, of twice the smallest number, is the largest.
    """
    product = left * np.int64(right) if isinstance(right, int) else left * right
    nudged = product + np.where(product >= 0, 2**30, 1 - 2**30)
    # C++ divides towards zero.
    quotient = np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31))
    return np.minimum(quotient, _INT32_MAX)


def divide_by_power_of_two(values: Integers, exponent: int) -> Integers:
    """RoundingDivideByPOT: halves away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (values < 0)
    return (values >> exponent) + ((values & mask) > threshold)


def multiply_by_power_of_two(values: Integers, exponent: int) -> Integers:
    """SaturatingRoundingMultiplyByPOT for exponents above 0."""
    product: Integers = values << exponent
    return product.clip(_INT32_MIN, _INT32_MAX)


def exp_on_negative_values(values: Integers) -> Integers:
    """exp() of numbers in Q5.26 that are not above 0, as Q0.31: of the remainder below 1/4 by a polynomial,
    times exp() of every power of two in the rest."""
    quarter = 1 << 24
    remainder = (values & (quarter - 1)) - quarter
    results = _exp_above_minus_one_quarter(multiply_by_power_of_two(remainder, 5))
    rest = remainder - values
    # exp(-2^exponent) in Q0.31, for exponents from -2 to 4.
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for exponent, factor in enumerate(factors, start=-2):
        results = np.where(rest & (1 << (26 + exponent)), doubling_high_product(results, factor), results)
    return np.where(values == 0, _INT32_MAX, results)


def _exp_above_minus_one_quarter(values: Integers) -> Integers:
    """The Taylor series of exp() around -1/8, in Q0.31; values are from -1/4 to 0."""
    exp_of_minus_one_eighth, one_third = 1895147668, 715827883
    x = values + (1 << 28)
    x2 = doubling_high_product(x, x)
    x3 = doubling_high_product(x2, x)
    x4_over_4 = divide_by_power_of_two(doubling_high_product(x2, x2), 2)
    series = divide_by_power_of_two(doubling_high_product(x4_over_4 + x3, one_third) + x2, 1)
    return exp_of_minus_one_eighth + doubling_high_product(x + series, exp_of_minus_one_eighth)


def reciprocal_of_sum(total: int) -> tuple[int, int]:
    """GetReciprocal of common.h for a sum in Q12.19: the reciprocal in Q0.31 of the sum divided by a power of
    two, and the exponent of that power."""
    leading_zeros = 32 - total.bit_length()
    fraction = np.array((total << leading_zeros) - 2**31, np.int64)
    return int(_one_over_one_plus(fraction)), 12 - leading_zeros


def _one_over_one_plus(values: Integers) -> Integers:
    """1 / (1 + a) in Q0.31 for a in 0..1, by three steps of Newton and Raphson in Q2.29."""
    half_denominator = (values + _INT32_MAX + 1) >> 1
    x = 1515870810 + doubling_high_product(half_denominator, -1010580540)  # 48/17 and -32/17
    for _ in range(3):
        error = (1 << 29) - doubling_high_product(half_denominator, x)
        x = x + multiply_by_power_of_two(doubling_high_product(x, error), 2)
    return multiply_by_power_of_two(x, 1)


def _windows(
    source: Integers,
    size: tuple[int, int],
    options: ConvolutionOptions | PoolOptions,
    dilation: tuple[int, int],
) -> Integers:
    """What the filter sees, zeros as padding: batch, row and column of the output, of the filter, channel."""
    strides = (options.stride_height, options.stride_width)
    columns = []
    for axis in (0, 1):
        length = source.shape[1 + axis]
        count, before = padded_size(length, size[axis], strides[axis], dilation[axis], options.padding)
        reach = (count - 1) * strides[axis] + (size[axis] - 1) * dilation[axis] + 1
        padding = [(0, 0)] * source.ndim
        padding[1 + axis] = (before, max(0, reach - before - length))
        source = np.pad(source, padding)
        starts = np.arange(count) * strides[axis]
        columns.append(starts[:, None] + np.arange(size[axis]) * dilation[axis])
    rows, cells = columns
    return source[:, rows[:, None, :, None], cells[None, :, None, :], :]


def _product(left: Integers, right: Integers) -> Integers:
    """A matrix product. Float64 is exact here: sums stay far below 2^53."""
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)


def _quantization(tensor: Tensor) -> tuple[float, int]:
    assert tensor.quantization is not None
    return tensor.quantization.scales[0], tensor.quantization.zero_points[0]
