/* DEPTHWISE_CONV_2D in int8: four channels at once where they read the same channel of the input, or each their own,
 * if their number is a multiple of four. Weights are widened by SXTB16; SMLABB and its kin multiply halves of words. */
#include "dot_int8.h"
#include "fixed_point.h"
#include "geometry.h"
#include "kernels.h"
#include "points.h"
#include "requantizer.h"

enum { CHANNELS = 4 };

/* Where the taps of a point lie: `row_step` and `column_step` are between taps, in elements. */
struct patch {
    const int8_t *image;
    struct point point;
    int32_t row_step, column_step;
};

struct sums {
    int32_t channel[CHANNELS];
};

static inline void requantize_four(struct requantizer by, struct sums sums, int32_t channel, int8_t *output) {
    if (by.is_whole) {
        UNROLLED(CHANNELS)
        for (int32_t i = 0; i < CHANNELS; ++i) {
            output[i] = requantize_whole(by, sums.channel[i], channel + i);
        }
    } else {
        for (int32_t i = 0; i < CHANNELS; ++i) {
            output[i] = requantize(sums.channel[i], by.layer, channel + i);
        }
    }
}

/* Adds a row of `count` taps to four channels that read one channel of the input. The steps lead to the next
 * tap. */
static struct sums add_row_of_one(struct sums sums, const int8_t *values, int32_t value_step,
                                  const int8_t *weights, int32_t weight_step, int32_t count, int32_t offset) {
    for (; count > 0; --count, values += value_step, weights += weight_step) {
        const int8x4_t word = load_int8x4(weights);
        const int16x2_t even = widen_even(word); /* channels 0 and 2 */
        const int16x2_t odd = widen_odd(word);   /* channels 1 and 3 */
        const int32_t value = *values + offset;
        sums.channel[0] = __smlabb(value, even, sums.channel[0]);
        sums.channel[1] = __smlabb(value, odd, sums.channel[1]);
        sums.channel[2] = __smlabt(value, even, sums.channel[2]);
        sums.channel[3] = __smlabt(value, odd, sums.channel[3]);
    }
    return sums;
}

/* Four output channels from `channel` on, which all read input channel `in_channel`. */
static void convolve_four(const struct builtin_layer *layer, struct requantizer requantizer,
                          const struct patch *patch, int32_t channel, int32_t in_channel, int8_t *output) {
    const int32_t out_depth = layer->output->dims[3];
    const int32_t offset = layer->quantization.input_offset;
    const int32_t *bias = (const int32_t *)layer->bias + channel;
    const struct taps columns = patch->point.columns;
    const int32_t count = columns.end - columns.first;
    struct sums sums = {{bias[0], bias[1], bias[2], bias[3]}};
    for (int32_t row = patch->point.rows.first; row < patch->point.rows.end; ++row) {
        const int32_t at = row * patch->row_step + columns.first * patch->column_step;
        const int32_t tap = row * layer->window.filter_width + columns.first;
        const int8_t *values = &patch->image[patch->point.offset + at + in_channel];
        const int8_t *weights = (const int8_t *)layer->weights + tap * out_depth + channel;
        sums = add_row_of_one(sums, values, patch->column_step, weights, out_depth, count, offset);
    }
    requantize_four(requantizer, sums, channel, output);
}

static int8_t convolve_one(const struct builtin_layer *layer, const struct patch *patch, int32_t channel,
                           int32_t in_channel) {
    const int32_t offset = layer->quantization.input_offset;
    int32_t sum = ((const int32_t *)layer->bias)[channel];
    for (int32_t row = patch->point.rows.first; row < patch->point.rows.end; ++row) {
        for (int32_t column = patch->point.columns.first; column < patch->point.columns.end; ++column) {
            const int32_t at = row * patch->row_step + column * patch->column_step;
            const int32_t tap = row * layer->window.filter_width + column;
            sum += (patch->image[patch->point.offset + at + in_channel] + offset) *
                   ((const int8_t *)layer->weights)[tap * layer->output->dims[3] + channel];
        }
    }
    return requantize(sum, layer, channel);
}

/* What stays the same for all points of a layer whose channels each read their own channel of the input, side by
 * side. */
struct own {
    struct requantizer requantizer;
    const int8_t *weights;
    const int32_t *bias;
    int32_t depth, value_row_step, weight_row_step;
    int16x2_t offsets;
};

/* Adds a tap to the sums of four neighbours. */
#define ADD_TAP()                                                                                                      \
    do {                                                                                                               \
        const int8x4_t word = load_int8x4(weight);                                                                     \
        const int8x4_t value_word = load_int8x4(value);                                                                \
        const int16x2_t even = widen_even(word); /* channels 0 and 2 */                                                \
        const int16x2_t odd = widen_odd(word);   /* channels 1 and 3 */                                                \
        const int16x2_t even_values = widen_even_and_add(value_word, offsets);                                         \
        const int16x2_t odd_values = widen_odd_and_add(value_word, offsets);                                       \
        first = __smlabb(even_values, even, first);                                                                    \
        second = __smlabb(odd_values, odd, second);                                                                    \
        third = __smlatt(even_values, even, third);                                                                    \
        fourth = __smlatt(odd_values, odd, fourth);                                                                    \
        value += depth;                                                                                                \
        weight += depth;                                                                                               \
    } while (0)

/* Four neighbours of one point; `value` and `weight` are where its first tap lies. `columns` is the number of taps in
 * a row; three are common, and have no loop. */
static inline void convolve_own(const struct own own, const int8_t *value, const int8_t *weight, int32_t channel,
                                int32_t rows, int32_t columns, int8_t *output) {
    const int32_t depth = own.depth;
    const int16x2_t offsets = own.offsets;
    int32_t first = own.bias[channel];
    int32_t second = own.bias[channel + 1];
    int32_t third = own.bias[channel + 2];
    int32_t fourth = own.bias[channel + 3];
    const int32_t value_row_step = own.value_row_step - columns * depth;
    const int32_t weight_row_step = own.weight_row_step - columns * depth;
    for (; rows > 0; --rows, value += value_row_step, weight += weight_row_step) {
        if (columns == 3) {
            ADD_TAP();
            ADD_TAP();
            ADD_TAP();
        } else {
            for (int32_t column = 0; column < columns; ++column) {
                ADD_TAP();
            }
        }
    }
    const struct sums sums = {{first, second, third, fourth}};
    requantize_four(own.requantizer, sums, channel, output);
}

/* All channels of a layer whose channels each read their own channel of the input. */
static void convolve_all_own(const struct builtin_layer *layer, struct requantizer requantizer, const int8_t *image,
                             int8_t *output) {
    const int32_t *in = layer->input->dims;
    const int32_t depth = layer->output->dims[3];
    const int32_t points = layer->output->dims[1] * layer->output->dims[2];
    const struct own own = {
        .requantizer = requantizer,
        .weights = layer->weights,
        .bias = layer->bias,
        .depth = depth,
        .value_row_step = layer->window.dilation_height * in[2] * depth,
        .weight_row_step = layer->window.filter_width * depth,
        .offsets = pair_of(layer->quantization.input_offset),
    };
    for (int32_t index = 0; index < points; ++index, output += depth) {
        const struct point point = point_at(layer, index);
        const int32_t rows = point.rows.end - point.rows.first;
        const int32_t columns = point.columns.end - point.columns.first;
        const int8_t *value = &image[point.offset + point.rows.first * own.value_row_step +
                                     point.columns.first * depth];
        const int8_t *weight =
            &own.weights[point.rows.first * own.weight_row_step + point.columns.first * depth];
        for (int32_t channel = 0; channel + CHANNELS <= depth; channel += CHANNELS) {
            convolve_own(own, value + channel, weight + channel, channel, rows, columns, &output[channel]);
        }
    }
}

void depthwise_conv_2d_int8(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t multiplier = layer->window.depth_multiplier;
    const struct requantizer requantizer =
        requantizer_of(layer, out[3], layer->window.filter_height * layer->window.filter_width);
    const int8_t *image = layer->input->data;
    int8_t *output = layer->output->data;
    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        if (multiplier == 1 && layer->window.dilation_width == 1 && out[3] % CHANNELS == 0) {
            convolve_all_own(layer, requantizer, image, output);
            output += out[1] * out[2] * out[3];
            continue;
        }
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
                    convolve_four(layer, requantizer, &patch, channel, first, &output[channel]);
                    channel += CHANNELS;
                } else {
                    output[channel] = convolve_one(layer, &patch, channel, first);
                    ++channel;
                }
            }
        }
    }
}
