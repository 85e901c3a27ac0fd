/* CONV_2D in int8: two points of the output and two channels at once, two products per SMLAD.
 *
 * What the filter sees at two points is first widened to halfwords, once for all channels, into the layer's
 * scratch memory. There, four elements of the first point are followed by the same four of the second; each
 * four are in the order 0, 2, 1, 3 in which SXTB16 widens the weights.
 */
#include <stdbool.h>
#include <stddef.h>

#include "dot_int8.h"
#include "fixed_point.h"
#include "kernels.h"
#include "ordered.h"
#include "requantizer.h"

enum { GROUP = 4, POINTS = 2 };

/* Sums of two points and two channels. */
struct sums {
    int32_t first_a, first_b, second_a, second_b;
};

/* Where element `index` of a point lies in scratch memory, in halfwords. */
static inline int32_t scratch_index(int32_t index, int32_t point) {
    static const int8_t order[GROUP] = {0, 2, 1, 3};
    return index / GROUP * (GROUP * POINTS) + point * GROUP + order[index % GROUP];
}

/* Widens `count` elements that become those from `index` on; `values` is NULL in the padding, which adds
 * nothing to a sum. */
static void widen(int16_t *scratch, int32_t point, int32_t index, const int8_t *values, int32_t count,
                  int32_t offset) {
    const int16x2_t offsets = pair_of(offset);
    int32_t i = 0;
    for (; i < count && (index + i) % GROUP != 0; ++i) {
        scratch[scratch_index(index + i, point)] = (int16_t)(values == NULL ? 0 : values[i] + offset);
    }
    int16_t *group = &scratch[scratch_index(index + i, point)];
    for (; i + GROUP <= count; i += GROUP, group += GROUP * POINTS) {
        const int8x4_t word = values == NULL ? 0 : load_int8x4(&values[i]);
        store_int16x2(&group[0], values == NULL ? 0 : widen_even_and_add(word, offsets));
        store_int16x2(&group[2], values == NULL ? 0 : widen_odd_and_add(word, offsets));
    }
    for (; i < count; ++i) {
        scratch[scratch_index(index + i, point)] = (int16_t)(values == NULL ? 0 : values[i] + offset);
    }
}

/* Widens what the filter sees at one point of the output. */
static void widen_point(const struct builtin_layer *layer, const int8_t *image, int32_t out_index,
                        int32_t point) {
    const struct builtin_window *window = &layer->window;
    const int32_t *in = layer->input->dims;
    const int32_t out_width = layer->output->dims[2];
    const int32_t origin_y = out_index / out_width * window->stride_height - window->pad_top;
    const int32_t origin_x = out_index % out_width * window->stride_width - window->pad_left;
    int32_t index = 0;
    /* Side by side in the image, where nothing of a row is in the padding. */
    const bool is_run = window->dilation_width == 1 && origin_x >= 0 && origin_x + window->filter_width <= in[2];
    for (int32_t row = 0; row < window->filter_height; ++row) {
        const int32_t y = origin_y + row * window->dilation_height;
        if (is_run && y >= 0 && y < in[1]) {
            const int32_t count = window->filter_width * in[3];
            const int8_t *values = &image[(y * in[2] + origin_x) * in[3]];
            widen(layer->scratch, point, index, values, count, layer->quantization.input_offset);
            index += count;
            continue;
        }
        for (int32_t column = 0; column < window->filter_width; ++column, index += in[3]) {
            const int32_t x = origin_x + column * window->dilation_width;
            const bool is_inside = y >= 0 && y < in[1] && x >= 0 && x < in[2];
            const int8_t *values = is_inside ? &image[(y * in[2] + x) * in[3]] : NULL;
            widen(layer->scratch, point, index, values, in[3], layer->quantization.input_offset);
        }
    }
}

/* A group's first loads, which come while the group before it is multiplied. */
struct loaded {
    int8x4_t word_a, word_b;
    int16x2_t even_first;
};

/* Multiplies a group of each filter with the same group of both points, and loads the next one where there `is_next`.
 *
 * A Cortex-M7 (DUAL_ISSUE) executes two instructions at once wherever they can go together: multiplications never do,
 * what widens goes first of two, and a word can be multiplied two cycles after its load. To a Cortex-M4 a load costs
 * one cycle instead of two behind another one. See docs/timing.md. */
static inline __attribute__((always_inline)) void multiply_group(struct sums *sums, struct loaded *loaded,
                                                                 const int16_t **scratch, const int8_t **a,
                                                                 const int8_t **b, bool is_next) {
    const int16x2_t even_first = loaded->even_first;
#ifdef DUAL_ISSUE
    const int16x2_t even_a = ordered_even(loaded->word_a);
    const int16x2_t odd_first = ordered_load(&(*scratch)[-6]);
    const int16x2_t even_b = ordered_even(loaded->word_b);
    sums->first_a = ordered_smlad(even_first, even_a, sums->first_a);
    const int16x2_t odd_a = ordered_odd(loaded->word_a);
    sums->first_b = ordered_smlad(even_first, even_b, sums->first_b);
    const int16x2_t odd_b = ordered_odd(loaded->word_b);
    sums->first_a = ordered_smlad(odd_first, odd_a, sums->first_a);
    const int16x2_t even_second = ordered_load(&(*scratch)[-4]);
    sums->first_b = ordered_smlad(odd_first, odd_b, sums->first_b);
    const int16x2_t odd_second = ordered_load(&(*scratch)[-2]);
    sums->second_a = ordered_smlad(even_second, even_a, sums->second_a);
    if (is_next) {
        loaded->word_a = next_int8x4(a);
    }
    sums->second_b = ordered_smlad(even_second, even_b, sums->second_b);
    if (is_next) {
        loaded->even_first = next_group(scratch);
    }
    sums->second_a = ordered_smlad(odd_second, odd_a, sums->second_a);
    if (is_next) {
        loaded->word_b = next_int8x4(b);
    }
    sums->second_b = ordered_smlad(odd_second, odd_b, sums->second_b);
#else
    const int16x2_t odd_first = ordered_load(&(*scratch)[-6]);
    const int16x2_t even_a = ordered_even(loaded->word_a);
    const int16x2_t odd_a = ordered_odd(loaded->word_a);
    const int16x2_t even_b = ordered_even(loaded->word_b);
    const int16x2_t odd_b = ordered_odd(loaded->word_b);
    sums->first_a = ordered_smlad(even_first, even_a, sums->first_a);
    sums->first_b = ordered_smlad(even_first, even_b, sums->first_b);
    sums->first_a = ordered_smlad(odd_first, odd_a, sums->first_a);
    sums->first_b = ordered_smlad(odd_first, odd_b, sums->first_b);
    const int16x2_t even_second = ordered_load(&(*scratch)[-4]);
    const int16x2_t odd_second = ordered_load(&(*scratch)[-2]);
    sums->second_a = ordered_smlad(even_second, even_a, sums->second_a);
    sums->second_b = ordered_smlad(even_second, even_b, sums->second_b);
    sums->second_a = ordered_smlad(odd_second, odd_a, sums->second_a);
    sums->second_b = ordered_smlad(odd_second, odd_b, sums->second_b);
    if (is_next) {
        loaded->word_a = next_int8x4(a);
        loaded->word_b = next_int8x4(b);
        loaded->even_first = next_group(scratch);
    }
#endif
}

/* The sums of products of two points with two filters of `size` weights each. */
static inline struct sums multiply(const int16_t *scratch, const int8_t *a, const int8_t *b, int32_t size) {
    struct sums sums = {0, 0, 0, 0};
    const int32_t groups = size / GROUP;
    if (groups > 0) {
        struct loaded loaded;
        loaded.word_a = next_int8x4(&a);
        loaded.even_first = next_group(&scratch);
        loaded.word_b = next_int8x4(&b);
        if (groups % 2 == 0) {
            multiply_group(&sums, &loaded, &scratch, &a, &b, true);
        }
        for (const int8_t *const last = a + (groups - 1) / 2 * (2 * GROUP); a != last;) {
            multiply_group(&sums, &loaded, &scratch, &a, &b, true);
            multiply_group(&sums, &loaded, &scratch, &a, &b, true);
        }
        multiply_group(&sums, &loaded, &scratch, &a, &b, false);
    }
    for (int32_t i = 0; i < size % GROUP; ++i) {
        const int32_t first = scratch[scratch_index(i, 0)];
        const int32_t second = scratch[scratch_index(i, 1)];
        sums.first_a += first * a[i];
        sums.first_b += first * b[i];
        sums.second_a += second * a[i];
        sums.second_b += second * b[i];
    }
    return sums;
}

/* All channels of one point, or of two points side by side in the output. */
static void convolve_points(const struct builtin_layer *layer, const struct requantizer *requantizer,
                            int8_t *output, int32_t point_count) {
    const struct requantizer by = *requantizer;
    const int32_t depth = layer->output->dims[3];
    const int32_t size =
        layer->window.filter_height * layer->window.filter_width * layer->input->dims[3];
    const int8_t *weights = layer->weights;
    const int32_t *bias = layer->bias;
    for (int32_t channel = 0; channel < depth; channel += 2) {
        /* The last of an odd number of channels, or of points, is computed twice. */
        const int32_t other = channel + 1 < depth ? channel + 1 : channel;
        const struct sums sums =
            multiply(layer->scratch, &weights[channel * size], &weights[other * size], size);
        if (by.is_whole && point_count == POINTS) {
            const struct scale scale_a = scale_of(by, channel);
            const struct scale scale_b = scale_of(by, other);
            const int32_t bias_a = bias[channel];
            const int32_t bias_b = bias[other];
            output[channel] = scaled(scale_a, by.offset, sums.first_a + bias_a);
            output[other] = scaled(scale_b, by.offset, sums.first_b + bias_b);
            output[depth + channel] = scaled(scale_a, by.offset, sums.second_a + bias_a);
            output[depth + other] = scaled(scale_b, by.offset, sums.second_b + bias_b);
            continue;
        }
        output[channel] = requantize_any(by, sums.first_a + bias[channel], channel);
        output[other] = requantize_any(by, sums.first_b + bias[other], other);
        if (point_count == POINTS) {
            output[depth + channel] = requantize_any(by, sums.second_a + bias[channel], channel);
            output[depth + other] = requantize_any(by, sums.second_b + bias[other], other);
        }
    }
}

void conv_2d_int8(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int32_t all = out[1] * out[2];
    const int8_t *image = layer->input->data;
    int8_t *output = layer->output->data;
    const int32_t size = layer->window.filter_height * layer->window.filter_width * in[3];
    const struct requantizer requantizer = requantizer_of(layer, out[3], size);
    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t index = 0; index < all; index += POINTS) {
            const int32_t point_count = index + 1 < all ? POINTS : 1;
            for (int32_t point = 0; point < POINTS; ++point) {
                widen_point(layer, image, point < point_count ? index + point : index, point);
            }
            convolve_points(layer, &requantizer, output, point_count);
            output += point_count * out[3];
        }
    }
}
