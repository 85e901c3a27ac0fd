/* The fused activation of a layer. */
#ifndef MCUMATRIX_BUILTIN_LIMIT_H
#define MCUMATRIX_BUILTIN_LIMIT_H

#include "model.h"

static inline float limit(float value, const struct builtin_limits *limits) {
    value = value < limits->float_min ? limits->float_min : value;
    return value > limits->float_max ? limits->float_max : value;
}

static inline int8_t limit_int8(int32_t value, const struct builtin_limits *limits) {
    value = value < limits->int8_min ? limits->int8_min : value;
    return (int8_t)(value > limits->int8_max ? limits->int8_max : value);
}

#endif
