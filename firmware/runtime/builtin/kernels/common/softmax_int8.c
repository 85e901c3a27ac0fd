/* SOFTMAX over the last dimension, as in tensorflow/lite/kernels/internal/reference/softmax.h, with the
 * fixed-point functions of gemmlowp's fixedpoint/fixedpoint.h. "Qm.n" has m integer and n fractional bits. */
#include <stdbool.h>

#include "fixed_point.h"
#include "kernels.h"

/* value * 2^exponent, saturating (gemmlowp's SaturatingRoundingMultiplyByPOT for positive exponents). */
static int32_t saturating_shift_left(int32_t value, int32_t exponent) {
    const int32_t limit = INT32_MAX >> exponent;
    if (value > limit) {
        return INT32_MAX;
    }
    if (value < -limit - 1) {
        return INT32_MIN;
    }
    return (int32_t)((uint32_t)value << exponent);
}

/* exp(a) for a in [-1/4, 0), Q0.31: a Taylor series around -1/8. */
static int32_t exp_between_minus_quarter_and_zero(int32_t a) {
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    const int32_t x = a + (INT32_C(1) << 28);
    const int32_t x2 = rounding_doubling_high_multiply(x, x);
    const int32_t x3 = rounding_doubling_high_multiply(x2, x);
    const int32_t x4 = rounding_doubling_high_multiply(x2, x2);
    const int32_t x4_over_4 = rounding_divide_by_power_of_two(x4, 2);
    const int32_t higher_terms = rounding_divide_by_power_of_two(
        rounding_doubling_high_multiply(x4_over_4 + x3, third) + x2, 1);
    return exp_of_minus_eighth + rounding_doubling_high_multiply(exp_of_minus_eighth, x + higher_terms);
}

/* exp(a) for a <= 0 in Q5.26; the result is Q0.31. */
static int32_t exp_of_negative(int32_t a) {
    /* exp(-2^k) in Q0.31 for k = -2 ... 4 */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = INT32_C(1) << 24;
    if (a == 0) {
        return INT32_MAX;
    }
    const int32_t fraction = (a & (quarter - 1)) - quarter;
    const int32_t quarters = fraction - a;
    int32_t result = exp_between_minus_quarter_and_zero(saturating_shift_left(fraction, 5));
    for (int32_t bit = 0; bit < 7; ++bit) {
        if (quarters & (quarter << bit)) {
            result = rounding_doubling_high_multiply(result, factors[bit]);
        }
    }
    return result;
}

/* 1 / (1 + a) for a in [0, 1), Q0.31: three steps of Newton and Raphson in Q2.29. */
static int32_t one_over_one_plus(int32_t a) {
    const int32_t one = INT32_C(1) << 29;
    const int32_t constant_48_over_17 = 1515870810;
    const int32_t constant_minus_32_over_17 = -1010580540;
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    int32_t x =
        constant_48_over_17 + rounding_doubling_high_multiply(half_denominator, constant_minus_32_over_17);
    for (int32_t step = 0; step < 3; ++step) {
        const int32_t error = one - rounding_doubling_high_multiply(half_denominator, x);
        x += saturating_shift_left(rounding_doubling_high_multiply(x, error), 2);
    }
    return saturating_shift_left(x, 1);
}

/* exp(difference of two elements) in Q0.31; false where it is too small to count. */
static bool exp_of_difference(const struct builtin_softmax *softmax, int32_t difference, int32_t *result) {
    if (difference < softmax->difference_min) {
        return false;
    }
    const int32_t shifted = (int32_t)((uint32_t)difference << softmax->input_shift);
    *result = exp_of_negative(rounding_doubling_high_multiply(shifted, softmax->input_multiplier));
    return true;
}

static void softmax_row(const struct builtin_softmax *softmax, const int8_t *input, int8_t *output,
                        int32_t depth) {
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < depth; ++i) {
        max = input[i] > max ? input[i] : max;
    }

    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < depth; ++i) {
        int32_t term;
        if (exp_of_difference(softmax, input[i] - max, &term)) {
            sum += rounding_divide_by_power_of_two(term, 12);
        }
    }

    /* sum = (1 + rest) * 2^bits_over_unit, with rest in Q0.31 */
    const int32_t headroom_plus_one = __builtin_clz((uint32_t)sum);
    const int32_t bits_over_unit = 12 - headroom_plus_one;
    const int32_t rest = (int32_t)(((uint32_t)sum << headroom_plus_one) - (UINT32_C(1) << 31));
    const int32_t scale = one_over_one_plus(rest);

    for (int32_t i = 0; i < depth; ++i) {
        int32_t term;
        int32_t value = INT8_MIN;
        if (exp_of_difference(softmax, input[i] - max, &term)) {
            value += rounding_divide_by_power_of_two(rounding_doubling_high_multiply(scale, term),
                                                     bits_over_unit + 31 - 8);
        }
        output[i] = (int8_t)(value > INT8_MAX ? INT8_MAX : value);
    }
}

void softmax_int8(const struct builtin_layer *layer) {
    const struct runtime_tensor *shape = layer->input;
    const int32_t depth = shape->dims[shape->rank - 1];
    const int32_t rows = (int32_t)shape->size_bytes / depth;
    const int8_t *input = layer->input->data;
    int8_t *output = layer->output->data;
    for (int32_t row = 0; row < rows; ++row, input += depth, output += depth) {
        softmax_row(&layer->softmax, input, output, depth);
    }
}
