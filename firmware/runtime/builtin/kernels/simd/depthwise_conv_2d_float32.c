/* DEPTHWISE_CONV_2D in float32: four channels at once where they read the same channel of the input, or four
 * neighbours. Each sum adds the same products in the same order as kernels/reference. */
#include "geometry.h"
#include "kernels.h"
#include "limit.h"
#include "points.h"

enum { CHANNELS = 4 };

/* Where the taps of a point lie: `row_step` and `column_step` are between taps, in elements. */
struct patch {
    const float *image;
    struct point point;
    int32_t row_step, column_step;
};

struct sums {
    float channel[CHANNELS];
};

/* Adds a row of `count` taps to four channels that read one channel of the input. The steps lead to the next
 * tap. */
static struct sums add_row_of_one(struct sums sums, const float *values, int32_t value_step,
                                  const float *weights, int32_t weight_step, int32_t count) {
    for (; count > 0; --count, values += value_step, weights += weight_step) {
        sums.channel[0] += values[0] * weights[0];
        sums.channel[1] += values[0] * weights[1];
        sums.channel[2] += values[0] * weights[2];
        sums.channel[3] += values[0] * weights[3];
    }
    return sums;
}

/* The same for four channels that each read their own channel of the input. */
static struct sums add_row_of_four(struct sums sums, const float *values, int32_t value_step,
                                   const float *weights, int32_t weight_step, int32_t count) {
    for (; count > 0; --count, values += value_step, weights += weight_step) {
        sums.channel[0] += values[0] * weights[0];
        sums.channel[1] += values[1] * weights[1];
        sums.channel[2] += values[2] * weights[2];
        sums.channel[3] += values[3] * weights[3];
    }
    return sums;
}

/* Four output channels from `channel` on, which all read input channel `in_channel` or, if `is_own`, that and
 * the next three. */
static void convolve_four(const struct builtin_layer *layer, const struct patch *patch, int32_t channel,
                          int32_t in_channel, bool is_own, float *output) {
    const int32_t out_depth = layer->output->dims[3];
    const float *bias = (const float *)layer->bias + channel;
    const struct taps columns = patch->point.columns;
    const int32_t count = columns.end - columns.first;
    struct sums sums = {{0}};
    for (int32_t row = patch->point.rows.first; row < patch->point.rows.end; ++row) {
        const int32_t at = row * patch->row_step + columns.first * patch->column_step;
        const int32_t tap = row * layer->window.filter_width + columns.first;
        const float *values = &patch->image[patch->point.offset + at + in_channel];
        const float *weights = (const float *)layer->weights + tap * out_depth + channel;
        sums = is_own ? add_row_of_four(sums, values, patch->column_step, weights, out_depth, count)
                      : add_row_of_one(sums, values, patch->column_step, weights, out_depth, count);
    }
    for (int32_t i = 0; i < CHANNELS; ++i) {
        output[i] = limit(sums.channel[i] + bias[i], &layer->limits);
    }
}

static float convolve_one(const struct builtin_layer *layer, const struct patch *patch, int32_t channel,
                          int32_t in_channel) {
    const float *bias = layer->bias;
    float sum = 0.0f;
    for (int32_t row = patch->point.rows.first; row < patch->point.rows.end; ++row) {
        for (int32_t column = patch->point.columns.first; column < patch->point.columns.end; ++column) {
            const int32_t at = row * patch->row_step + column * patch->column_step;
            const int32_t tap = row * layer->window.filter_width + column;
            sum += patch->image[patch->point.offset + at + in_channel] *
                   ((const float *)layer->weights)[tap * layer->output->dims[3] + channel];
        }
    }
    return limit(sum + bias[channel], &layer->limits);
}

void depthwise_conv_2d_float32(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t multiplier = layer->window.depth_multiplier;
    const float *image = layer->input->data;
    float *output = layer->output->data;
    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t index = 0; index < out[1] * out[2]; ++index, output += out[3]) {
            const struct patch patch = {
                .image = image,
                .point = point_at(layer, index),
                .row_step = layer->window.dilation_height * in[2] * in[3],
                .column_step = layer->window.dilation_width * in[3],
            };
            for (int32_t channel = 0; channel < out[3];) {
                const int32_t first = channel / multiplier;
                const bool is_whole = channel + CHANNELS <= out[3];
                if (is_whole && first == (channel + CHANNELS - 1) / multiplier) {
                    convolve_four(layer, &patch, channel, first, false, &output[channel]);
                    channel += CHANNELS;
                } else if (is_whole && multiplier == 1) {
                    convolve_four(layer, &patch, channel, first, true, &output[channel]);
                    channel += CHANNELS;
                } else {
                    output[channel] = convolve_one(layer, &patch, channel, first);
                    ++channel;
                }
            }
        }
    }
}
