/* FULLY_CONNECTED in int8: the sums of
 * tensorflow/lite/kernels/internal/reference/integer_ops/fully_connected.h in the same order. */
#include "fixed_point.h"
#include "kernels.h"

void fully_connected_int8(const struct builtin_layer *layer) {
    const struct runtime_tensor *shape = layer->output;
    const int32_t out_depth = shape->dims[shape->rank - 1];
    const int32_t rows = (int32_t)(shape->size_bytes / sizeof(int8_t)) / out_depth;
    const int32_t in_depth = (int32_t)(layer->input->size_bytes / sizeof(int8_t)) / rows;
    const int32_t *bias = layer->bias;
    const int8_t *input = layer->input->data;
    int8_t *output = layer->output->data;
    const int32_t offset = layer->quantization.input_offset;

    for (int32_t row = 0; row < rows; ++row, input += in_depth) {
        const int8_t *weights = layer->weights;
        for (int32_t channel = 0; channel < out_depth; ++channel, weights += in_depth) {
            int32_t sum = 0;
            for (int32_t i = 0; i < in_depth; ++i) {
                sum += (input[i] + offset) * weights[i];
            }
            *output++ = requantize(sum + bias[channel], layer, channel);
        }
    }
}
