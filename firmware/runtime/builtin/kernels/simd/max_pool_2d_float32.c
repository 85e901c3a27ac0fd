/* MAX_POOL_2D in float32: four channels at once, with VMAXNM (fmaxf). */
#include <float.h>
#include <math.h>

#include "geometry.h"
#include "kernels.h"
#include "points.h"

enum { CHANNELS = 4 };

/* The largest values of up to four channels; `values` is tap (0, 0) of the first. */
static inline void pool(const struct builtin_layer *layer, const float *values, const struct point *point,
                        int32_t count, float *output) {
    const struct builtin_limits *limits = &layer->limits;
    const int32_t width = layer->input->dims[2];
    const int32_t depth = layer->input->dims[3];
    float max[CHANNELS] = {-FLT_MAX, -FLT_MAX, -FLT_MAX, -FLT_MAX};
    for (int32_t row = point->rows.first; row < point->rows.end; ++row) {
        for (int32_t column = point->columns.first; column < point->columns.end; ++column) {
            const float *tap = &values[point->offset + (row * width + column) * depth];
            for (int32_t i = 0; i < count; ++i) {
                max[i] = fmaxf(max[i], tap[i]);
            }
        }
    }
    for (int32_t i = 0; i < count; ++i) {
        output[i] = fminf(fmaxf(max[i], limits->float_min), limits->float_max);
    }
}

void max_pool_2d_float32(const struct builtin_layer *layer) {
    const int32_t *in = layer->input->dims;
    const int32_t *out = layer->output->dims;
    const float *image = layer->input->data;
    float *output = layer->output->data;
    for (int32_t batch = 0; batch < out[0]; ++batch, image += in[1] * in[2] * in[3]) {
        for (int32_t index = 0; index < out[1] * out[2]; ++index, output += out[3]) {
            const struct point point = point_at(layer, index);
            int32_t channel = 0;
            for (; channel + CHANNELS <= out[3]; channel += CHANNELS) {
                pool(layer, &image[channel], &point, CHANNELS, &output[channel]);
            }
            for (; channel < out[3]; ++channel) {
                pool(layer, &image[channel], &point, 1, &output[channel]);
            }
        }
    }
}
