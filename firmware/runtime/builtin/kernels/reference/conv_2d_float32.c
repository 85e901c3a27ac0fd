/* CONV_2D in float32: the sums of
 * tensorflow/lite/kernels/internal/reference/conv.h in the same order. */
#include "geometry.h"
#include "kernels.h"
#include "limit.h"

/* The sum of products at one point of the output, for one output channel. `filter` is HWI. */
static float convolve(const struct builtin_layer *layer, const float *image, const float *filter,
                      int32_t out_y, int32_t out_x) {
    const struct builtin_window *window = &layer->window;
    const int32_t height = layer->input->dims[1];
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    const int32_t origin_y = out_y * window->stride_height - window->pad_top;
    const int32_t origin_x = out_x * window->stride_width - window->pad_left;
    const struct taps rows = taps_inside(origin_y, height, window->filter_height, window->dilation_height);
    const struct taps columns = taps_inside(origin_x, width, window->filter_width, window->dilation_width);

    float sum = 0;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        const int32_t y = origin_y + row * window->dilation_height;
        for (int32_t column = columns.first; column < columns.end; ++column) {
            const int32_t x = origin_x + column * window->dilation_width;
            const float *values = &image[(y * width + x) * depth];
            const float *weights = &filter[(row * window->filter_width + column) * depth];
            for (int32_t channel = 0; channel < depth; ++channel) {
                sum += values[channel] * weights[channel];
            }
        }
    }
    return sum;
}

void conv_2d_float32(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t image_size = in[1] * in[2] * in[3];
    const int32_t filter_size = layer->window.filter_height * layer->window.filter_width * in[3];
    const float *weights = layer->weights;
    const float *bias = layer->bias;
    const float *image = layer->input->data;
    float *output = layer->output->data;

    for (int32_t batch = 0; batch < out[0]; ++batch, image += image_size) {
        for (int32_t y = 0; y < out[1]; ++y) {
            for (int32_t x = 0; x < out[2]; ++x) {
                for (int32_t channel = 0; channel < out[3]; ++channel) {
                    const float sum = convolve(layer, image, &weights[channel * filter_size], y, x);
                    *output++ = limit(sum + bias[channel], &layer->limits);
                }
            }
        }
    }
}
