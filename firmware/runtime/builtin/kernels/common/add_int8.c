/* ADD in int8, as in tensorflow/lite/kernels/internal/reference/integer_ops/add.h. */
#include "fixed_point.h"
#include "kernels.h"
#include "limit.h"

enum { LEFT_SHIFT = 20 };

/* MultiplyByQuantizedMultiplierSmallerThanOneExp: the shift is 0 or to the right. */
static inline int32_t scale(int32_t value, struct builtin_factor factor) {
    return rounding_divide_by_power_of_two(rounding_doubling_high_multiply(value, factor.multiplier),
                                           -factor.shift);
}

void add_int8(const struct builtin_layer *layer) {
    const struct builtin_addition addition = layer->addition;
    const struct builtin_limits limits = layer->limits;
    const int8_t *first = layer->input->data;
    const int8_t *second = layer->second->data;
    int8_t *output = layer->output->data;
    const int8_t *const end = output + layer->output->size_bytes;
    while (output < end) {
        const int32_t a = scale((*first++ + addition.first_offset) * (1 << LEFT_SHIFT), addition.first);
        const int32_t b = scale((*second++ + addition.second_offset) * (1 << LEFT_SHIFT), addition.second);
        *output++ = limit_int8(scale(a + b, addition.output) + addition.output_offset, &limits);
    }
}
