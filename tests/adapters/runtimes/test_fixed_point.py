import math
import struct
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcumatrix.adapters.runtimes.fixed_point import (
    FLOAT_MAX,
    SoftmaxConstants,
    channel_multipliers,
    float_limits,
    int8_limits,
    quantize_multiplier,
    softmax_constants,
    tensor_multiplier,
)
from mcumatrix.model.network import Activation

SCALES = st.floats(2**-20, 16, width=32)


@given(st.floats(2**-31, 2**20))
@example(1.0)
@example(math.nextafter(1.0, 0.0))
@example(math.nextafter(0.5, 0.0))
def test_a_multiplier_is_the_nearest_of_31_bits(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    unit = Fraction(2) ** (shift - 31)
    error = abs(multiplier * unit - Fraction(real))
    # Half a unit; half of the next larger one where rounding went up to the next power of two.
    assert error <= unit / 2
    assert error <= Fraction(real) / 2**31


@given(st.floats(0, 2**-32 * (1 - 2**-30)))
def test_what_is_too_small_to_shift_is_zero(real: float) -> None:
    assert quantize_multiplier(real) == (0, 0)


def test_multipliers_known_from_tensorflow_lite() -> None:
    # quantization_util_test.cc: QuantizeMultiplierSmallerThanOneExp and ...GreaterThanOne.
    assert quantize_multiplier(0.25) == (2**30, -1)
    assert quantize_multiplier(0.50 - 5e-9) == (2147483627, -1)
    assert quantize_multiplier(0.5) == (2**30, 0)
    assert quantize_multiplier(1 - 1e-10) == (2**30, 1)
    assert quantize_multiplier(2.0) == (2**30, 2)


def test_one_scale_holds_for_all_channels() -> None:
    assert channel_multipliers(0.5, (0.25,), 1.0, 3) == [(2**30, -2)] * 3
    assert channel_multipliers(0.5, (0.25, 0.5), 1.0, 2) == [(2**30, -2), (2**30, -1)]


@given(SCALES, SCALES, SCALES)
def test_a_dense_layer_multiplies_its_scales_in_float(a: float, b: float, c: float) -> None:
    product = struct.unpack("<f", struct.pack("<f", a * b))[0]
    assert tensor_multiplier(a, b, c) == quantize_multiplier(product / c)
    exact = Fraction(a) * Fraction(b) / Fraction(c)
    multiplier, shift = tensor_multiplier(a, b, c)
    if multiplier == 0:
        assert exact < Fraction(1, 2**31)
        return
    assert abs(multiplier * Fraction(2) ** (shift - 31) / exact - 1) < Fraction(1, 2**23)


@given(st.floats(0.1, 4), st.floats(2**-10, 1, width=32))
def test_a_softmax_never_overflows_its_fixed_point(beta: float, scale: float) -> None:
    constants = softmax_constants(beta, scale)
    assert constants.shift >= 0
    assert constants.difference_min * 2**constants.shift >= -(2**31)


def test_softmax_constants_of_a_known_scale() -> None:
    # 0.25 in Q5.26 is 2^24 = 2^30 * 2^(25 - 31); 31 in Q5.26 is 31 * 2^26, over 2^25.
    assert softmax_constants(1.0, 0.25) == SoftmaxConstants(2**30, 25, -62)


@pytest.mark.parametrize(
    ("activation", "limits"),
    [
        (Activation.NONE, (-128, 127)),
        (Activation.RELU, (-10, 127)),
        (Activation.RELU6, (-10, 50)),
        (Activation.RELU_N1_TO_1, (-20, 0)),
    ],
)
def test_activations_limit_elements(activation: Activation, limits: tuple[int, int]) -> None:
    assert int8_limits(activation, 0.1, -10) == limits


def test_limits_stay_within_int8() -> None:
    assert int8_limits(Activation.RELU6, 0.01, -128) == (-128, 127)
    assert int8_limits(Activation.RELU_N1_TO_1, 0.001, 0) == (-128, 127)


@pytest.mark.parametrize(
    ("activation", "limits"),
    [
        (Activation.NONE, (-FLOAT_MAX, FLOAT_MAX)),
        (Activation.RELU, (0.0, FLOAT_MAX)),
        (Activation.RELU6, (0.0, 6.0)),
        (Activation.RELU_N1_TO_1, (-1.0, 1.0)),
    ],
)
def test_activations_limit_floats(activation: Activation, limits: tuple[float, float]) -> None:
    assert float_limits(activation) == limits
