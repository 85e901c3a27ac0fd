/* SOFTMAX over the last dimension, as in tensorflow/lite/kernels/internal/reference/softmax.h. */
#include <math.h>

#include "kernels.h"

void softmax_float32(const struct builtin_layer *layer) {
    const struct runtime_tensor *shape = layer->input;
    const int32_t depth = shape->dims[shape->rank - 1];
    const int32_t rows = (int32_t)(shape->size_bytes / sizeof(float)) / depth;
    const float *input = layer->input->data;
    float *output = layer->output->data;

    for (int32_t row = 0; row < rows; ++row, input += depth, output += depth) {
        float max = input[0];
        for (int32_t i = 1; i < depth; ++i) {
            max = input[i] > max ? input[i] : max;
        }
        float sum = 0.0f;
        for (int32_t i = 0; i < depth; ++i) {
            output[i] = expf((input[i] - max) * layer->softmax.beta);
            sum += output[i];
        }
        for (int32_t i = 0; i < depth; ++i) {
            output[i] /= sum;
        }
    }
}
