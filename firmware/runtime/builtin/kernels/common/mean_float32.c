/* MEAN in float32, as in tensorflow/lite/kernels/internal/reference/reduce.h. */
#include "kernels.h"

void mean_float32(const struct builtin_layer *layer) {
    const struct builtin_reduction *reduction = &layer->reduction;
    const float *input = layer->input->data;
    float *output = layer->output->data;
    for (int32_t outer = 0; outer < reduction->outer; ++outer, input += reduction->count * reduction->inner) {
        for (int32_t inner = 0; inner < reduction->inner; ++inner) {
            float sum = 0.0f;
            for (int32_t i = 0; i < reduction->count; ++i) {
                sum += input[i * reduction->inner + inner];
            }
            *output++ = sum / (float)reduction->count;
        }
    }
}
