/* MEAN in int8: QuantizedMeanOrSum of tensorflow/lite/kernels/internal/reference/reduce.h, whose fixed-point factor
 * has the division by the number of elements in it. */
#include "fixed_point.h"
#include "kernels.h"

static int8_t mean(const struct builtin_reduction *reduction, const int8_t *values) {
    int32_t sum = reduction->sum_offset;
    for (int32_t i = 0; i < reduction->count; ++i) {
        sum += values[i * reduction->inner];
    }
    const struct builtin_factor factor = reduction->factor;
    int32_t value = multiply_by_quantized_multiplier(sum, factor.multiplier, factor.shift);
    value += reduction->output_offset;
    value = value < INT8_MIN ? INT8_MIN : value;
    return (int8_t)(value > INT8_MAX ? INT8_MAX : value);
}

void mean_int8(const struct builtin_layer *layer) {
    const struct builtin_reduction *reduction = &layer->reduction;
    const int8_t *input = layer->input->data;
    int8_t *output = layer->output->data;
    for (int32_t outer = 0; outer < reduction->outer; ++outer, input += reduction->count * reduction->inner) {
        for (int32_t inner = 0; inner < reduction->inner; ++inner) {
            *output++ = mean(reduction, &input[inner]);
        }
    }
}
