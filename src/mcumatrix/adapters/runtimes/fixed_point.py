"""The constants of TensorFlow Lite's fixed-point arithmetic, computed as TensorFlow Lite Micro computes them.

Sources, below tensorflow/lite/: kernels/internal/quantization_util.cc, kernels/kernel_util.cc,
micro/kernels/{activations,add,conv,fully_connected,logistic,reduce,softmax}_common.cc. Scales are float32;
what TensorFlow Lite computes in float there is rounded to float32 here.
"""

import math
import struct
from dataclasses import dataclass

from mcumatrix.model.network import Activation

_INT8 = range(-128, 128)
_ADD_LEFT_SHIFT = 20
"""How far int8 inputs of ADD are shifted to the left before they are scaled."""

# The int8 softmax computes exp() of numbers with 5 integer and 26 fractional bits.
_SOFTMAX_INTEGER_BITS = 5

FLOAT_MAX = 3.4028234663852886e38
"""The largest float32."""


@dataclass(frozen=True, slots=True)
class SoftmaxConstants:
    """Of the int8 softmax: `multiplier` (Q0.31) and `shift` scale a difference of inputs to Q5.26;
    differences below `difference_min` count as minus infinity."""

    multiplier: int
    shift: int
    difference_min: int


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A number as (multiplier, shift): multiplier * 2^(shift - 31), multiplier in 2^30 ... 2^31 - 1.

    QuantizeMultiplier of quantization_util.cc. Zero, and what is too small for a shift of -31, is (0, 0).
    """
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def channel_multipliers(
    input_scale: float, weight_scales: tuple[float, ...], output_scale: float, channels: int
) -> list[tuple[int, int]]:
    """(multiplier, shift) per output channel of a convolution, or of a dense layer quantised per channel.

    PopulateConvolutionQuantizationParams of kernel_util.cc; a single weight scale holds for all channels.
    """
    scales = weight_scales * channels if len(weight_scales) == 1 else weight_scales
    return [quantize_multiplier(input_scale * scale / output_scale) for scale in scales]


def tensor_multiplier(input_scale: float, weight_scale: float, output_scale: float) -> tuple[int, int]:
    """(multiplier, shift) of a dense layer quantised per tensor.

    GetQuantizedConvolutionMultipler of kernel_util.cc, which multiplies the scales in float.
    """
    return quantize_multiplier(_to_float32(input_scale * weight_scale) / output_scale)


def softmax_constants(beta: float, input_scale: float) -> SoftmaxConstants:
    """PreprocessSoftmaxScaling and CalculateInputRadius of quantization_util.cc."""
    fraction_bits = 31 - _SOFTMAX_INTEGER_BITS
    multiplier, shift = quantize_multiplier(min(beta * input_scale * 2**fraction_bits, 2**31 - 1.0))
    return SoftmaxConstants(multiplier, shift, -_input_radius(_SOFTMAX_INTEGER_BITS, shift))


def _input_radius(integer_bits: int, shift: int) -> int:
    """CalculateInputRadius of quantization_util.cc, for 31 bits in all."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits) / 2.0**shift)


def int8_limits(activation: Activation, scale: float, zero_point: int) -> tuple[int, int]:
    """CalculateActivationRangeQuantized of kernel_util.cc, for int8: smallest and largest element."""

    def quantize(real: float) -> int:
        return zero_point + _round_half_away(_to_float32(real / scale))

    low, high = _REAL_LIMITS[activation]
    return (
        -128 if low is None else max(-128, quantize(low)),
        127 if high is None else min(127, quantize(high)),
    )


def float_limits(activation: Activation) -> tuple[float, float]:
    """CalculateActivationRange of kernel_util.h, for float32: smallest and largest value."""
    low, high = _REAL_LIMITS[activation]
    return -FLOAT_MAX if low is None else low, FLOAT_MAX if high is None else high


@dataclass(frozen=True, slots=True)
class AddConstants:
    """Of the int8 ADD: (multiplier, shift) of both inputs and of the sum; shifts are 0 or to the right."""

    first: tuple[int, int]
    second: tuple[int, int]
    output: tuple[int, int]


def add_constants(first_scale: float, second_scale: float, output_scale: float) -> AddConstants:
    """CalculateOpDataAdd of add_common.cc."""
    twice_larger = 2 * max(first_scale, second_scale)
    return AddConstants(
        quantize_multiplier(first_scale / twice_larger),
        quantize_multiplier(second_scale / twice_larger),
        quantize_multiplier(twice_larger / (2**_ADD_LEFT_SHIFT * output_scale)),
    )


def mean_multiplier(input_scale: float, output_scale: float, count: int) -> tuple[int, int]:
    """(multiplier, shift) that make the mean of a sum of `count` elements: QuantizedMeanOrSum of
    kernels/internal/reference/reduce.h."""
    multiplier, shift = quantize_multiplier(input_scale / output_scale)
    room = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << room) // count, shift - room


def relu_table(input_scale: float, input_zero: int, output_scale: float, output_zero: int) -> list[int]:
    """The int8 RELU of each element, from -128 on: ReluQuantized of activations.h."""
    multiplier, shift = quantize_multiplier(_to_float32(input_scale / output_scale))
    scaled = (_multiply_by_quantized(value - input_zero, multiplier, shift) + output_zero for value in _INT8)
    return [min(127, max(output_zero, value)) for value in scaled]


def relu6_table(scale: float, zero_point: int) -> list[int]:
    """The int8 RELU6 of each element, from -128 on: Relu6Quantized of activations.h, which does not scale."""
    low, high = int8_limits(Activation.RELU6, scale, zero_point)
    return [min(high, max(low, value)) for value in _INT8]


def logistic_table(input_scale: float, input_zero: int) -> list[int]:
    """The int8 LOGISTIC of each element, from -128 on, in units of 1/256 with the zero point -128.

    Logistic of kernels/internal/reference/integer_ops/logistic.h.
    """
    multiplier, shift = quantize_multiplier(input_scale * 2 ** (31 - _LOGISTIC_INTEGER_BITS))
    radius = _input_radius(_LOGISTIC_INTEGER_BITS, shift)

    def logistic(value: int) -> int:
        if abs(value) >= radius:
            return 127 if value > 0 else -128
        result = _logistic(_multiply_by_quantized(value, multiplier, shift))
        return min(127, max(-128, _divide_by_power_of_two(result, 31 - 8) - 128))

    return [logistic(value - input_zero) for value in _INT8]


_LOGISTIC_INTEGER_BITS = 4
_ONE = 2**31 - 1
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401)
"""exp(-2^k) in Q0.31 for k = -2 ... 3."""


def _logistic(value: int) -> int:
    """logistic of gemmlowp's fixedpoint.h, from Q4.27 to Q0.31."""
    if value == 0:
        return 2**30
    positive = _one_over_one_plus(_exp_of_negative(-abs(value)))
    return positive if value > 0 else _ONE - positive


def _exp_of_negative(value: int) -> int:
    """exp_on_negative_values, for value < 0 in Q4.27; the result is Q0.31."""
    quarter = 1 << (31 - _LOGISTIC_INTEGER_BITS - 2)
    fraction = (value & (quarter - 1)) - quarter
    result = _exp_of_fraction(fraction << _LOGISTIC_INTEGER_BITS)
    for bit, factor in enumerate(_EXP_OF_MINUS_POWERS):
        if (fraction - value) & (quarter << bit):
            result = _high_product(result, factor)
    return result


def _exp_of_fraction(value: int) -> int:
    """exp_on_interval_between_negative_one_quarter_and_0_excl, Q0.31."""
    exp_of_minus_eighth, third = 1895147668, 715827883
    x = value + (1 << 28)
    x2 = _high_product(x, x)
    x3, x4 = _high_product(x2, x), _high_product(x2, x2)
    higher = _high_product(_divide_by_power_of_two(x4, 2) + x3, third) + x2
    terms = x + _divide_by_power_of_two(higher, 1)
    return exp_of_minus_eighth + _high_product(exp_of_minus_eighth, terms)


def _one_over_one_plus(value: int) -> int:
    """one_over_one_plus_x_for_x_in_0_1, Q0.31: three steps of Newton and Raphson in Q2.29."""
    half_denominator = (value + _ONE + 1) // 2
    x = 1515870810 + _high_product(half_denominator, -1010580540)
    for _ in range(3):
        error = (1 << 29) - _high_product(half_denominator, x)
        x += _saturate(_high_product(x, error) << 2)
    return _saturate(x << 1)


def _multiply_by_quantized(value: int, multiplier: int, shift: int) -> int:
    """MultiplyByQuantizedMultiplier of kernels/internal/common.cc, with its double rounding."""
    return _divide_by_power_of_two(_high_product(value << max(shift, 0), multiplier), max(-shift, 0))


def _high_product(a: int, b: int) -> int:
    """SaturatingRoundingDoublingHighMul."""
    return (a * b + (1 << 30)) >> 31


def _divide_by_power_of_two(value: int, exponent: int) -> int:
    """RoundingDivideByPOT: to nearest, halves away from zero."""
    half = (1 << exponent) >> 1
    return (abs(value) + half >> exponent) * (1 if value >= 0 else -1)


def _saturate(value: int) -> int:
    return min(2**31 - 1, max(-(2**31), value))


_REAL_LIMITS: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
    Activation.RELU6: (0.0, 6.0),
}


def _to_float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _round_half_away(value: float) -> int:
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)
