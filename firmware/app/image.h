/* Which image this is: fixed when it was built. */
#ifndef MCUMATRIX_IMAGE_H
#define MCUMATRIX_IMAGE_H

#include <stdint.h>

struct image {
    const char *build_id;
    const char *board;
    const char *runtime;
    const char *kernels;
    const char *model;
    uint32_t clock_hz;
};

extern const struct image image;

#endif
