/* CONV_2D in float32: two points of the output and four channels at once, so that a load serves several
 * multiply-adds. Each sum adds the same products in the same order as kernels/reference. */
#include "geometry.h"
#include "kernels.h"
#include "limit.h"
#include "points.h"

enum { CHANNELS = 4 };

/* Sums of two points and four channels. */
struct sums {
    float first[CHANNELS], second[CHANNELS];
};

/* Adds products over a run of `length` elements; `weights` are those of the four channels. */
static inline void add_run(struct sums *sums, const float *first, const float *second,
                           const float *const weights[CHANNELS], int32_t length) {
    struct sums s = *sums;
    const float *a = weights[0];
    const float *b = weights[1];
    const float *c = weights[2];
    const float *d = weights[3];
    const float *const end = first + length;
    while (first < end) {
        const float x = *first++;
        const float y = *second++;
        const float weight_a = *a++;
        const float weight_b = *b++;
        s.first[0] += x * weight_a;
        s.second[0] += y * weight_a;
        s.first[1] += x * weight_b;
        s.second[1] += y * weight_b;
        const float weight_c = *c++;
        const float weight_d = *d++;
        s.first[2] += x * weight_c;
        s.second[2] += y * weight_c;
        s.first[3] += x * weight_d;
        s.second[3] += y * weight_d;
    }
    *sums = s;
}

/* The sums of products at a pair of points for four filters (HWI). Taps of one row lie side by side in the
 * image and in the filter, unless dilation drives them apart. */
static struct sums convolve(const struct builtin_layer *layer, const float *image,
                            const struct point_pair *pair, const float *const filters[CHANNELS]) {
    const struct builtin_window *window = &layer->window;
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    const struct taps rows = pair->first.rows;
    const struct taps columns = pair->first.columns;
    const int32_t run = window->dilation_width == 1 ? columns.end - columns.first : 1;

    struct sums sums = {{0}, {0}};
    for (int32_t row = rows.first; row < rows.end; ++row) {
        for (int32_t column = columns.first; column < columns.end; column += run) {
            const int32_t y = row * window->dilation_height;
            const int32_t x = column * window->dilation_width;
            const int32_t at = (y * width + x) * depth;
            const int32_t tap = (row * window->filter_width + column) * depth;
            const float *const weights[CHANNELS] = {filters[0] + tap, filters[1] + tap, filters[2] + tap,
                                                    filters[3] + tap};
            add_run(&sums, &image[pair->first.offset + at], &image[pair->second.offset + at], weights,
                    run * depth);
        }
    }
    return sums;
}

/* All channels of a pair of points. */
static void convolve_pair(const struct builtin_layer *layer, const float *image,
                          const struct point_pair *pair, float *output) {
    const int32_t depth = layer->output->dims[3];
    const int32_t size =
        layer->window.filter_height * layer->window.filter_width * layer->input->dims[3];
    const float *weights = layer->weights;
    const float *bias = layer->bias;
    for (int32_t channel = 0; channel < depth; channel += CHANNELS) {
        /* Past the last channel, the last one is computed again and not stored. */
        const int32_t count = depth - channel < CHANNELS ? depth - channel : CHANNELS;
        const float *filters[CHANNELS];
        for (int32_t i = 0; i < CHANNELS; ++i) {
            filters[i] = &weights[(channel + (i < count ? i : count - 1)) * size];
        }
        const struct sums sums = convolve(layer, image, pair, filters);
        for (int32_t i = 0; i < count; ++i) {
            const int32_t at = channel + i;
            output[at] = limit(sums.first[i] + bias[at], &layer->limits);
            if (pair->count == 2) {
                output[depth + at] = limit(sums.second[i] + bias[at], &layer->limits);
            }
        }
    }
}

void conv_2d_float32(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const float *image = layer->input->data;
    float *output = layer->output->data;
    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t index = 0; index < out[1] * out[2];) {
            const struct point_pair pair = pair_at(layer, index);
            convolve_pair(layer, image, &pair, output);
            output += pair.count * out[3];
            index += pair.count;
        }
    }
}
