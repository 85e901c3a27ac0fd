/* From sums of products to elements of the output, as requantize of fixed_point.h has it, in fewer instructions.
 *
 * SMMULR gives the upper half of a product, rounded: of twice a sum, that is gemmlowp's
 * SaturatingRoundingDoublingHighMul. Twice a sum must fit a word, and what comes of it must be shifted to the right, which
 * is so for all but odd layers: those are left to requantize. */
#ifndef MCUMATRIX_BUILTIN_REQUANTIZER_H
#define MCUMATRIX_BUILTIN_REQUANTIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "fixed_point.h"

/* What a layer's sums need, to be held in registers: a store of an element may change anything that is in memory, as
 * far as C knows. */
struct requantizer {
    const struct builtin_layer *layer; /* for those that are not whole */
    const int32_t *multipliers;
    const int8_t *shifts;
    int32_t offset;
    bool is_whole; /* any element may come of it, as most activations have it, in the way that is described above */
};

/* `products` is how many there are in a sum. */
static inline struct requantizer requantizer_of(const struct builtin_layer *layer, int32_t channels,
                                                int32_t products) {
    const int32_t limit = INT32_C(1) << 29; /* of biases, and of products */
    const int32_t largest_product = 255 * 128;
    const int32_t *bias = layer->bias;
    const int8_t *shifts = layer->quantization.shifts;
    bool is_simple = products < limit / largest_product;
    for (int32_t channel = 0; channel < channels; ++channel) {
        is_simple = is_simple && shifts[channel] < 0 && bias[channel] < limit && bias[channel] > -limit;
    }
    return (struct requantizer){
        .layer = layer,
        .multipliers = layer->quantization.multipliers,
        .shifts = shifts,
        .offset = layer->quantization.output_offset,
        .is_whole = is_simple && layer->limits.int8_min == INT8_MIN && layer->limits.int8_max == INT8_MAX,
    };
}

/* What one channel of a whole requantizer is scaled by, for several sums of it. */
struct scale {
    int32_t multiplier, exponent, half;
};

static inline struct scale scale_of(struct requantizer by, int32_t channel) {
    const int32_t exponent = -by.shifts[channel];
    return (struct scale){by.multipliers[channel], exponent, (int32_t)((UINT32_C(1) << exponent) >> 1)};
}

/* Both instructions have no intrinsic that all compilers have. */
static inline int8_t scaled(struct scale scale, int32_t offset, int32_t sum) {
    int32_t value;
    __asm__("smmulr %0, %1, %2" : "=r"(value) : "r"(sum * 2), "r"(scale.multiplier));
    /* RoundingDivideByPOT: halves away from zero. */
    value = ((value + (value >> 31) + scale.half) >> scale.exponent) + offset;
    int32_t element;
    __asm__("ssat %0, #8, %1" : "=r"(element) : "r"(value));
    return (int8_t)element;
}

/* For whole requantizers. */
static inline int8_t requantize_whole(struct requantizer by, int32_t sum, int32_t channel) {
    return scaled(scale_of(by, channel), by.offset, sum);
}

static inline int8_t requantize_any(struct requantizer by, int32_t sum, int32_t channel) {
    return by.is_whole ? requantize_whole(by, sum, channel) : requantize(sum, by.layer, channel);
}

#endif
