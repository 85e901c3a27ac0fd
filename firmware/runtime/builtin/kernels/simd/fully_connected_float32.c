/* FULLY_CONNECTED in float32: four output channels at once. Each sum adds the same products in the same order
 * as kernels/reference. */
#include "kernels.h"
#include "limit.h"

enum { CHANNELS = 4 };

/* The sums of four channels whose weights are `a` ... `d`. */
static inline void multiply(const float *input, const float *a, const float *b, const float *c,
                            const float *d, int32_t length, float sums[CHANNELS]) {
    float sum_a = 0.0f;
    float sum_b = 0.0f;
    float sum_c = 0.0f;
    float sum_d = 0.0f;
    const float *const end = input + length;
    while (input < end) {
        const float value = *input++;
        sum_a += value * *a++;
        sum_b += value * *b++;
        sum_c += value * *c++;
        sum_d += value * *d++;
    }
    sums[0] = sum_a;
    sums[1] = sum_b;
    sums[2] = sum_c;
    sums[3] = sum_d;
}

void fully_connected_float32(const struct builtin_layer *layer) {
    const struct runtime_tensor *shape = layer->output;
    const int32_t out_depth = shape->dims[shape->rank - 1];
    const int32_t rows = (int32_t)(shape->size_bytes / sizeof(float)) / out_depth;
    const int32_t in_depth = (int32_t)(layer->input->size_bytes / sizeof(float)) / rows;
    const float *weights = layer->weights;
    const float *bias = layer->bias;
    const float *input = layer->input->data;
    float *output = layer->output->data;

    for (int32_t row = 0; row < rows; ++row, input += in_depth, output += out_depth) {
        for (int32_t channel = 0; channel < out_depth; channel += CHANNELS) {
            /* Past the last channel, the last one is computed again and not stored. */
            const int32_t count = out_depth - channel < CHANNELS ? out_depth - channel : CHANNELS;
            const float *filters[CHANNELS];
            for (int32_t i = 0; i < CHANNELS; ++i) {
                filters[i] = &weights[(channel + (i < count ? i : count - 1)) * in_depth];
            }
            float sums[CHANNELS];
            multiply(input, filters[0], filters[1], filters[2], filters[3], in_depth, sums);
            for (int32_t i = 0; i < count; ++i) {
                output[channel + i] = limit(sums[i] + bias[channel + i], &layer->limits);
            }
        }
    }
}
