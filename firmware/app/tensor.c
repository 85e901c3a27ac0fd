#include "tensor.h"

#include <stdio.h>
#include <string.h>

void tensor_dims(const struct runtime_tensor *tensor, char dims[TENSOR_DIMS_SIZE_BYTES]) {
    int used = snprintf(dims, TENSOR_DIMS_SIZE_BYTES, tensor->rank == 0 ? "1" : "");
    for (uint32_t i = 0; i < tensor->rank; i++) {
        used += snprintf(dims + used, TENSOR_DIMS_SIZE_BYTES - (size_t)used, i == 0 ? "%ld" : "x%ld",
                         (long)tensor->dims[i]);
    }
}

const char *tensor_type(const struct runtime_tensor *tensor) {
    switch (tensor->type) {
    case RUNTIME_FLOAT32:
        return "FLOAT32";
    case RUNTIME_INT32:
        return "INT32";
    case RUNTIME_UINT8:
        return "UINT8";
    case RUNTIME_INT64:
        return "INT64";
    case RUNTIME_BOOL:
        return "BOOL";
    case RUNTIME_INT16:
        return "INT16";
    case RUNTIME_INT8:
        return "INT8";
    }
    return "of unknown type";
}

uint32_t tensor_element_count(const struct runtime_tensor *tensor) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        count *= (uint32_t)tensor->dims[i];
    }
    return count;
}

static int64_t element_value(const struct runtime_tensor *tensor, uint32_t element) {
    switch (tensor->type) {
    case RUNTIME_INT32:
        return ((const int32_t *)tensor->data)[element];
    case RUNTIME_INT64:
        return ((const int64_t *)tensor->data)[element];
    case RUNTIME_INT16:
        return ((const int16_t *)tensor->data)[element];
    case RUNTIME_BOOL:
    case RUNTIME_UINT8:
        return ((const uint8_t *)tensor->data)[element];
    default:
        return ((const int8_t *)tensor->data)[element];
    }
}

double tensor_real(const struct runtime_tensor *tensor, uint32_t element) {
    if (tensor->type == RUNTIME_FLOAT32) {
        return (double)((const float *)tensor->data)[element];
    }
    double value = (double)element_value(tensor, element);
    if (tensor->scale == 0.0f) {
        return value; /* not quantised */
    }
    return (double)tensor->scale * (value - (double)tensor->zero_point);
}

void tensor_send(struct wire *wire, const char *name, const struct runtime_tensor *tensor) {
    char dims[TENSOR_DIMS_SIZE_BYTES];
    tensor_dims(tensor, dims);
    wire_send_tensor(wire, name, (uint32_t)tensor->type, dims, tensor->scale, tensor->zero_point,
                     tensor->size_bytes);
    tensor_send_data(wire, tensor, 0);
}

void tensor_send_data(struct wire *wire, const struct runtime_tensor *tensor, uint32_t first_offset) {
    const uint8_t *bytes = tensor->data;
    for (uint32_t sent = 0; sent < tensor->size_bytes;) {
        struct wire_data data = {.size_bytes = tensor->size_bytes - sent};
        if (data.size_bytes > WIRE_MAX_DATA_BYTES) {
            data.size_bytes = WIRE_MAX_DATA_BYTES;
        }
        memcpy(data.bytes, bytes + sent, data.size_bytes);
        wire_send_data(wire, first_offset + sent, data);
        sent += data.size_bytes;
    }
}
