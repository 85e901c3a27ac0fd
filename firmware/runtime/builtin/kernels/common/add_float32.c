/* ADD in float32, as in tensorflow/lite/kernels/internal/reference/add.h. */
#include "kernels.h"
#include "limit.h"

void add_float32(const struct builtin_layer *layer) {
    const float *first = layer->input->data;
    const float *second = layer->second->data;
    float *output = layer->output->data;
    const uint32_t count = layer->output->size_bytes / sizeof(float);
    for (uint32_t i = 0; i < count; ++i) {
        output[i] = limit(first[i] + second[i], &layer->limits);
    }
}
