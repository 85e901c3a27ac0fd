/* MAX_POOL_2D in int8: four channels at once, with SSUB8 and SEL. */
#include "dot_int8.h"
#include "geometry.h"
#include "kernels.h"
#include "limit.h"
#include "points.h"

enum { CHANNELS = 4 };

/* Byte by byte the larger of two: SSUB8 sets a flag per byte where the difference is not negative, and SEL
 * chooses by these flags. */
static inline int8x4_t larger(int8x4_t a, int8x4_t b) {
    (void)__ssub8(a, b);
    return (int8x4_t)__sel((uint8x4_t)a, (uint8x4_t)b);
}

static inline int8x4_t smaller(int8x4_t a, int8x4_t b) {
    (void)__ssub8(a, b);
    return (int8x4_t)__sel((uint8x4_t)b, (uint8x4_t)a);
}

/* The same byte four times. */
static inline int8x4_t four_of(int32_t value) {
    return (int8x4_t)((uint32_t)(uint8_t)value * 0x01010101u);
}

/* The largest values of four channels; `values` is tap (0, 0) of the first. */
static inline int8x4_t pool_four(const struct builtin_layer *layer, const int8_t *values,
                                 const struct point *point) {
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    int8x4_t max = four_of(layer->limits.int8_min);
    for (int32_t row = point->rows.first; row < point->rows.end; ++row) {
        for (int32_t column = point->columns.first; column < point->columns.end; ++column) {
            max = larger(max, load_int8x4(&values[point->offset + (row * width + column) * depth]));
        }
    }
    return smaller(max, four_of(layer->limits.int8_max));
}

static int8_t pool_one(const struct builtin_layer *layer, const int8_t *values, const struct point *point) {
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    int32_t max = layer->limits.int8_min;
    for (int32_t row = point->rows.first; row < point->rows.end; ++row) {
        for (int32_t column = point->columns.first; column < point->columns.end; ++column) {
            const int8_t value = values[point->offset + (row * width + column) * depth];
            max = value > max ? value : max;
        }
    }
    return limit_int8(max, &layer->limits);
}

void max_pool_2d_int8(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const int8_t *image = layer->input->data;
    int8_t *output = layer->output->data;
    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t index = 0; index < out[1] * out[2]; ++index, output += out[3]) {
            const struct point point = point_at(layer, index);
            int32_t channel = 0;
            for (; channel + CHANNELS <= out[3]; channel += CHANNELS) {
                const int8x4_t max = pool_four(layer, &image[channel], &point);
                memcpy(&output[channel], &max, sizeof max);
            }
            for (; channel < out[3]; ++channel) {
                output[channel] = pool_one(layer, &image[channel], &point);
            }
        }
    }
}
