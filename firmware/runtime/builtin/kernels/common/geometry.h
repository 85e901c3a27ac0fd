/* Where a filter lies on an image. */
#ifndef MCUMATRIX_BUILTIN_GEOMETRY_H
#define MCUMATRIX_BUILTIN_GEOMETRY_H

#include <stdint.h>

/* The taps of a filter, along one axis, that lie inside of an image: first <= tap < end.
 * TensorFlow Lite pads with nothing: taps outside of the image are left out of the sum. */
struct taps {
    int32_t first, end;
};

/* `origin` is where tap 0 lies, and may be negative. */
static inline struct taps taps_inside(int32_t origin, int32_t image_size, int32_t filter_size,
                                      int32_t dilation) {
    struct taps taps = {0, filter_size};
    while (taps.first < filter_size && origin + dilation * taps.first < 0) {
        ++taps.first;
    }
    while (taps.end > taps.first && origin + dilation * (taps.end - 1) >= image_size) {
        --taps.end;
    }
    return taps;
}

#endif
