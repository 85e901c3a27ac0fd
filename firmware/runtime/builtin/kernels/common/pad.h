/* PAD, as in tensorflow/lite/kernels/internal/reference/pad.h: rows of the input between elements of one value. */
#ifndef MCUMATRIX_BUILTIN_PAD_H
#define MCUMATRIX_BUILTIN_PAD_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "model.h"

static inline bool is_inside(const struct builtin_padding *padding, int32_t dimension, int32_t index) {
    const int32_t at = index - padding->before[dimension];
    return at >= 0 && at < padding->in[dimension];
}

/* Every byte of what is put around the input is `fill`. */
static inline void pad(const struct builtin_layer *layer, size_t element_size_bytes, int fill) {
    const struct builtin_padding *padding = &layer->padding;
    const int32_t *out = padding->out;
    const size_t before = (size_t)padding->before[3] * element_size_bytes;
    const size_t run = (size_t)padding->in[3] * element_size_bytes;
    const size_t row = (size_t)out[3] * element_size_bytes;
    const char *input = layer->input->data;
    char *output = layer->output->data;
    for (int32_t a = 0; a < out[0]; ++a) {
        for (int32_t b = 0; b < out[1]; ++b) {
            for (int32_t c = 0; c < out[2]; ++c, output += row) {
                memset(output, fill, row);
                /* Rows of the input come in their order. */
                if (is_inside(padding, 0, a) && is_inside(padding, 1, b) && is_inside(padding, 2, c)) {
                    memcpy(output + before, input, run);
                    input += run;
                }
            }
        }
    }
}

#endif
