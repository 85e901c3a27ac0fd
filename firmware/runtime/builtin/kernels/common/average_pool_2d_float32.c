/* AVERAGE_POOL_2D in float32, as in tensorflow/lite/kernels/internal/reference/pooling.h: the mean of the values that
 * lie inside of the image. */
#include "geometry.h"
#include "kernels.h"
#include "limit.h"

/* The mean under the window at one point of the output. `values` starts at the channel. */
static float mean(const struct builtin_layer *layer, const float *values, struct taps rows, struct taps columns,
                  int32_t origin) {
    const int32_t depth = layer->input->dims[3];
    const int32_t row_step = layer->input->dims[2] * depth;
    float sum = 0.0f;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        const float *at = &values[origin + row * row_step + columns.first * depth];
        for (int32_t column = columns.first; column < columns.end; ++column, at += depth) {
            sum += *at;
        }
    }
    return sum / (float)((rows.end - rows.first) * (columns.end - columns.first));
}

void average_pool_2d_float32(const struct builtin_layer *layer) {
    const struct builtin_window *window = &layer->window;
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const float *image = layer->input->data;
    float *output = layer->output->data;

    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t y = 0; y < out[1]; ++y) {
            const int32_t origin_y = y * window->stride_height - window->pad_top;
            const struct taps rows = taps_inside(origin_y, in[1], window->filter_height, 1);
            for (int32_t x = 0; x < out[2]; ++x) {
                const int32_t origin_x = x * window->stride_width - window->pad_left;
                const struct taps columns = taps_inside(origin_x, in[2], window->filter_width, 1);
                const int32_t origin = (origin_y * in[2] + origin_x) * in[3];
                for (int32_t channel = 0; channel < out[3]; ++channel) {
                    *output++ = limit(mean(layer, &image[channel], rows, columns, origin), &layer->limits);
                }
            }
        }
    }
}
