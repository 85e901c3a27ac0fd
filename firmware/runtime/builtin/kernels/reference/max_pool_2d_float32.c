/* MAX_POOL_2D in float32, as in tensorflow/lite/kernels/internal/reference/pooling.h. */
#include <float.h>

#include "geometry.h"
#include "kernels.h"

/* The largest value under the window at one point of the output. `values` starts at the channel. */
static float largest(const struct builtin_layer *layer, const float *values, int32_t out_y, int32_t out_x) {
    const struct builtin_window *window = &layer->window;
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    const int32_t origin_y = out_y * window->stride_height - window->pad_top;
    const int32_t origin_x = out_x * window->stride_width - window->pad_left;
    const struct taps rows = taps_inside(origin_y, layer->input->dims[1], window->filter_height, 1);
    const struct taps columns = taps_inside(origin_x, width, window->filter_width, 1);

    float max = -FLT_MAX;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        for (int32_t column = columns.first; column < columns.end; ++column) {
            const float value = values[((origin_y + row) * width + origin_x + column) * depth];
            max = value > max ? value : max;
        }
    }
    return max;
}

void max_pool_2d_float32(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t image_size = in[1] * in[2] * in[3];
    const struct builtin_limits *limits = &layer->limits;
    const float *image = layer->input->data;
    float *output = layer->output->data;

    for (int32_t batch = 0; batch < out[0]; ++batch, image += image_size) {
        for (int32_t y = 0; y < out[1]; ++y) {
            for (int32_t x = 0; x < out[2]; ++x) {
                for (int32_t channel = 0; channel < out[3]; ++channel) {
                    float value = largest(layer, &image[channel], y, x);
                    value = value < limits->float_min ? limits->float_min : value;
                    value = value > limits->float_max ? limits->float_max : value;
                    *output++ = value;
                }
            }
        }
    }
}
