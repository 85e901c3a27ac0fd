/* DEPTHWISE_CONV_2D in int8: the sums of
 * tensorflow/lite/kernels/internal/reference/integer_ops/depthwise_conv.h in the same order. */
#include "fixed_point.h"
#include "geometry.h"
#include "kernels.h"

/* The sum of products at one point of the output. `values` and `filter` start at the channel in question. */
static int32_t convolve(const struct builtin_layer *layer, const int8_t *values, const int8_t *filter,
                        int32_t out_y, int32_t out_x) {
    const struct builtin_window *window = &layer->window;
    const int32_t height = layer->input->dims[1];
    const int32_t width = layer->input->dims[2];
    const int32_t in_depth = layer->input->dims[3];
    const int32_t out_depth = layer->output->dims[3];
    const int32_t origin_y = out_y * window->stride_height - window->pad_top;
    const int32_t origin_x = out_x * window->stride_width - window->pad_left;
    const struct taps rows = taps_inside(origin_y, height, window->filter_height, window->dilation_height);
    const struct taps columns = taps_inside(origin_x, width, window->filter_width, window->dilation_width);
    const int32_t offset = layer->quantization.input_offset;

    int32_t sum = 0;
    for (int32_t row = rows.first; row < rows.end; ++row) {
        const int32_t y = origin_y + row * window->dilation_height;
        for (int32_t column = columns.first; column < columns.end; ++column) {
            const int32_t x = origin_x + column * window->dilation_width;
            const int8_t value = values[(y * width + x) * in_depth];
            const int8_t weight = filter[(row * window->filter_width + column) * out_depth];
            sum += (value + offset) * weight;
        }
    }
    return sum;
}

void depthwise_conv_2d_int8(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t image_size = in[1] * in[2] * in[3];
    const int32_t multiplier = layer->window.depth_multiplier;
    const int8_t *weights = layer->weights;
    const int32_t *bias = layer->bias;
    const int8_t *image = layer->input->data;
    int8_t *output = layer->output->data;

    for (int32_t batch = 0; batch < out[0]; ++batch, image += image_size) {
        for (int32_t y = 0; y < out[1]; ++y) {
            for (int32_t x = 0; x < out[2]; ++x) {
                for (int32_t channel = 0; channel < out[3]; ++channel) {
                    const int32_t sum =
                        convolve(layer, &image[channel / multiplier], &weights[channel], y, x);
                    *output++ = requantize(sum + bias[channel], layer, channel);
                }
            }
        }
    }
}
