/* LOGISTIC in float32, as in tensorflow/lite/kernels/internal/reference/logistic.h. */
#include <math.h>

#include "kernels.h"

/* From here on the result is 1 in float32, and below the other one it is exp(value). */
static const float largest = 16.619047164916992188f;
static const float smallest = -9.0f;

void logistic_float32(const struct builtin_layer *layer) {
    const float *input = layer->input->data;
    float *output = layer->output->data;
    const uint32_t count = layer->output->size_bytes / sizeof(float);
    for (uint32_t i = 0; i < count; ++i) {
        const float value = input[i];
        if (value > largest) {
            output[i] = 1.0f;
        } else if (value < smallest) {
            output[i] = expf(value);
        } else {
            output[i] = 1.0f / (1.0f + expf(-value));
        }
    }
}
