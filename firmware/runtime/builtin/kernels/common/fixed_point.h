/* The fixed-point arithmetic of TensorFlow Lite, with its double rounding: MultiplyByQuantizedMultiplier of
 * tensorflow/lite/kernels/internal/common.cc and what that uses of gemmlowp's fixedpoint/fixedpoint.h. */
#ifndef MCUMATRIX_BUILTIN_FIXED_POINT_H
#define MCUMATRIX_BUILTIN_FIXED_POINT_H

#include <stdint.h>

#include "limit.h"
#include "model.h"

/* gemmlowp's SaturatingRoundingDoublingHighMul: a * b / 2^31, rounded to nearest, halves upwards.
 * gemmlowp rounds negative products by another expression with the same result. The one case that saturates,
 * both factors the smallest integer, does not occur here: one factor is always a positive constant, or both
 * are values of less than full scale. */
static inline int32_t rounding_doubling_high_multiply(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* gemmlowp's RoundingDivideByPOT: value / 2^exponent, rounded to nearest, halves away from zero. */
static inline int32_t rounding_divide_by_power_of_two(int32_t value, int32_t exponent) {
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
    const int32_t remainder = value & mask;
    const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> exponent) + (remainder > threshold ? 1 : 0);
}

/* value * multiplier * 2^(shift - 31). */
static inline int32_t multiply_by_quantized_multiplier(int32_t value, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)value << left);
    return rounding_divide_by_power_of_two(rounding_doubling_high_multiply(shifted, multiplier), right);
}

/* From a sum of products to an element of the output, activation included. */
static inline int8_t requantize(int32_t sum, const struct builtin_layer *layer, int32_t channel) {
    const struct builtin_quantization *quantization = &layer->quantization;
    const int32_t value = multiply_by_quantized_multiplier(sum, quantization->multipliers[channel],
                                                     quantization->shifts[channel]);
    return limit_int8(value + quantization->output_offset, &layer->limits);
}

#endif
