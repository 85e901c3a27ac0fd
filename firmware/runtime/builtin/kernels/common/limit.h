/* The fused activation of a float layer. */
#ifndef MCUMATRIX_BUILTIN_LIMIT_H
#define MCUMATRIX_BUILTIN_LIMIT_H

#include "model.h"

static inline float limit(float value, const struct builtin_limits *limits) {
    value = value < limits->float_min ? limits->float_min : value;
    return value > limits->float_max ? limits->float_max : value;
}

#endif
