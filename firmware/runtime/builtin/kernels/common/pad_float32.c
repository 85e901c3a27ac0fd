/* PAD in float32, as in tensorflow/lite/kernels/internal/reference/pad.h. */
#include <stdbool.h>
#include <string.h>

#include "kernels.h"

static bool is_inside(const struct builtin_padding *padding, int32_t dimension, int32_t index) {
    const int32_t at = index - padding->before[dimension];
    return at >= 0 && at < padding->in[dimension];
}

void pad_float32(const struct builtin_layer *layer) {
    const struct builtin_padding *padding = &layer->padding;
    const float *input = layer->input->data;
    float *output = layer->output->data;
    const int32_t *out = padding->out;
    const int32_t first = padding->before[3];
    const int32_t run = padding->in[3];
    for (int32_t a = 0; a < out[0]; ++a) {
        for (int32_t b = 0; b < out[1]; ++b) {
            for (int32_t c = 0; c < out[2]; ++c, output += out[3]) {
                for (int32_t d = 0; d < out[3]; ++d) {
                    output[d] = 0.0f;
                }
                /* Rows of the input come in their order. */
                if (is_inside(padding, 0, a) && is_inside(padding, 1, b) && is_inside(padding, 2, c)) {
                    memcpy(&output[first], input, (size_t)run * sizeof *input);
                    input += run;
                }
            }
        }
    }
}
