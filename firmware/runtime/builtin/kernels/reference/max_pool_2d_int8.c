/* MAX_POOL_2D in int8, as in tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h. */
#include "geometry.h"
#include "kernels.h"
#include "limit.h"

/* The largest value under the window at one point of the output. `values` starts at the channel. */
static int8_t largest(const struct builtin_layer *layer, const int8_t *values, int32_t out_y, int32_t out_x) {
    const struct builtin_window *window = &layer->window;
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    const int32_t origin_y = out_y * window->stride_height - window->pad_top;
    const int32_t origin_x = out_x * window->stride_width - window->pad_left;
    const struct taps rows = taps_inside(origin_y, layer->input->dims[1], window->filter_height, 1);
    const struct taps columns = taps_inside(origin_x, width, window->filter_width, 1);

    int8_t max = INT8_MIN;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        for (int32_t column = columns.first; column < columns.end; ++column) {
            const int8_t value = values[((origin_y + row) * width + origin_x + column) * depth];
            max = value > max ? value : max;
        }
    }
    return max;
}

void max_pool_2d_int8(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t image_size = in[1] * in[2] * in[3];
    const struct builtin_limits *limits = &layer->limits;
    const int8_t *image = layer->input->data;
    int8_t *output = layer->output->data;

    for (int32_t batch = 0; batch < out[0]; ++batch, image += image_size) {
        for (int32_t y = 0; y < out[1]; ++y) {
            for (int32_t x = 0; x < out[2]; ++x) {
                for (int32_t channel = 0; channel < out[3]; ++channel) {
                    const int32_t value = largest(layer, &image[channel], y, x);
                    *output++ = limit_int8(value, limits);
                }
            }
        }
    }
}
