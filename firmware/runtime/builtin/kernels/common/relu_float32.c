/* RELU in float32, as in tensorflow/lite/micro/kernels/activations_common.cc. */
#include "kernels.h"

void relu_float32(const struct builtin_layer *layer) {
    const float *input = layer->input->data;
    float *output = layer->output->data;
    const uint32_t count = layer->output->size_bytes / sizeof(float);
    for (uint32_t i = 0; i < count; ++i) {
        const float value = input[i];
        output[i] = value < 0.0f ? 0.0f : value;
    }
}
