/* Points of the output of a convolution, and pairs of them that can share the loads of weights. */
#ifndef MCUMATRIX_BUILTIN_POINTS_H
#define MCUMATRIX_BUILTIN_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "geometry.h"
#include "model.h"

/* `offset` is where tap (0, 0) of the filter lies in the image, in elements; it is negative where that is in
 * the padding. */
struct point {
    int32_t offset;
    struct taps rows, columns;
};

/* Two neighbours with the same taps; at the end of an image, or at its border, `count` is 1 and both are the
 * same point. */
struct point_pair {
    struct point first, second;
    int32_t count;
};

/* `index` counts the points of one image, row by row. */
static inline struct point point_at(const struct builtin_layer *layer, int32_t index) {
    const struct builtin_window *window = &layer->window;
    const int32_t *in = layer->input->dims;
    const int32_t out_width = layer->output->dims[2];
    const int32_t y = index / out_width * window->stride_height - window->pad_top;
    const int32_t x = index % out_width * window->stride_width - window->pad_left;
    return (struct point){
        .offset = (y * in[2] + x) * in[3],
        .rows = taps_inside(y, in[1], window->filter_height, window->dilation_height),
        .columns = taps_inside(x, in[2], window->filter_width, window->dilation_width),
    };
}

static inline bool same_taps(struct taps a, struct taps b) {
    return a.first == b.first && a.end == b.end;
}

static inline struct point_pair pair_at(const struct builtin_layer *layer, int32_t index) {
    const int32_t point_count = layer->output->dims[1] * layer->output->dims[2];
    const struct point first = point_at(layer, index);
    if (index + 1 < point_count) {
        const struct point second = point_at(layer, index + 1);
        if (same_taps(first.rows, second.rows) && same_taps(first.columns, second.columns)) {
            return (struct point_pair){first, second, 2};
        }
    }
    return (struct point_pair){first, first, 1};
}

#endif
