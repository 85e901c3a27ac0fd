/* FULLY_CONNECTED in float32: the sums of
 * tensorflow/lite/kernels/internal/reference/fully_connected.h in the same order. */
#include "kernels.h"
#include "limit.h"

void fully_connected_float32(const struct builtin_layer *layer) {
    const struct runtime_tensor *shape = layer->output;
    const int32_t out_depth = shape->dims[shape->rank - 1];
    const int32_t rows = (int32_t)(shape->size_bytes / sizeof(float)) / out_depth;
    const int32_t in_depth = (int32_t)(layer->input->size_bytes / sizeof(float)) / rows;
    const float *bias = layer->bias;
    const float *input = layer->input->data;
    float *output = layer->output->data;

    for (int32_t row = 0; row < rows; ++row, input += in_depth) {
        const float *weights = layer->weights;
        for (int32_t channel = 0; channel < out_depth; ++channel, weights += in_depth) {
            float sum = 0;
            for (int32_t i = 0; i < in_depth; ++i) {
                sum += input[i] * weights[i];
            }
            *output++ = limit(sum + bias[channel], &layer->limits);
        }
    }
}
