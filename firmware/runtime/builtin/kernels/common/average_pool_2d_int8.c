/* AVERAGE_POOL_2D in int8, as in tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h: the mean of the
 * elements that lie inside of the image, rounded to nearest, halves away from zero. */
#include "geometry.h"
#include "kernels.h"
#include "limit.h"

/* The mean under the window at one point of the output. `values` starts at the channel. */
static int32_t mean(const struct builtin_layer *layer, const int8_t *values, struct taps rows, struct taps columns,
                    int32_t origin) {
    const int32_t depth = layer->input->dims[3];
    const int32_t row_step = layer->input->dims[2] * depth;
    int32_t sum = 0;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        const int8_t *at = &values[origin + row * row_step + columns.first * depth];
        for (int32_t column = columns.first; column < columns.end; ++column, at += depth) {
            sum += *at;
        }
    }
    const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

void average_pool_2d_int8(const struct builtin_layer *layer) {
    const struct builtin_window *window = &layer->window;
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const struct builtin_limits *limits = &layer->limits;
    const int8_t *image = layer->input->data;
    int8_t *output = layer->output->data;

    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t y = 0; y < out[1]; ++y) {
            const int32_t origin_y = y * window->stride_height - window->pad_top;
            const struct taps rows = taps_inside(origin_y, in[1], window->filter_height, 1);
            for (int32_t x = 0; x < out[2]; ++x) {
                const int32_t origin_x = x * window->stride_width - window->pad_left;
                const struct taps columns = taps_inside(origin_x, in[2], window->filter_width, 1);
                const int32_t origin = (origin_y * in[2] + origin_x) * in[3];
                for (int32_t channel = 0; channel < out[3]; ++channel) {
                    const int32_t value = mean(layer, &image[channel], rows, columns, origin);
                    *output++ = limit_int8(value, limits);
                }
            }
        }
    }
}
