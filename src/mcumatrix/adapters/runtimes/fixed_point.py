"""The constants of TensorFlow Lite's fixed-point arithmetic, computed as TensorFlow Lite Micro computes them.

Sources, below tensorflow/lite/: kernels/internal/quantization_util.cc, kernels/kernel_util.cc,
micro/kernels/{conv,fully_connected,softmax}_common.cc. Scales are float32; what TensorFlow Lite computes in
float there is rounded to float32 here.
"""

import math
import struct
from dataclasses import dataclass

from mcumatrix.model.network import Activation

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
    radius = math.floor((2**_SOFTMAX_INTEGER_BITS - 1) * 2.0**fraction_bits / 2.0**shift)
    return SoftmaxConstants(multiplier, shift, -radius)


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
