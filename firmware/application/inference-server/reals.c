#include "reals.h"

#include <math.h>

bool has_reals(const struct runtime_tensor *tensor) {
    return tensor->type == RUNTIME_FLOAT32 || tensor->type == RUNTIME_INT8 || tensor->type == RUNTIME_UINT8;
}

float real_of(const struct runtime_tensor *tensor, uint32_t element) {
    if (tensor->type == RUNTIME_FLOAT32) {
        return ((const float *)tensor->data)[element];
    }
    float value = tensor->type == RUNTIME_INT8 ? (float)((const int8_t *)tensor->data)[element]
                                               : (float)((const uint8_t *)tensor->data)[element];
    return tensor->scale == 0.0f ? value : tensor->scale * (value - (float)tensor->zero_point);
}

static int32_t quantised(const struct runtime_tensor *tensor, float value, int32_t least, int32_t most) {
    float scale = tensor->scale == 0.0f ? 1.0f : tensor->scale;
    float steps = roundf(value / scale) + (float)tensor->zero_point;
    if (!(steps > (float)least)) {
        return least;
    }
    return steps >= (float)most ? most : (int32_t)steps;
}

void set_real(const struct runtime_tensor *tensor, void *data, uint32_t element, float value) {
    switch (tensor->type) {
    case RUNTIME_INT8:
        ((int8_t *)data)[element] = (int8_t)quantised(tensor, value, INT8_MIN, INT8_MAX);
        break;
    case RUNTIME_UINT8:
        ((uint8_t *)data)[element] = (uint8_t)quantised(tensor, value, 0, UINT8_MAX);
        break;
    default:
        ((float *)data)[element] = value;
    }
}
