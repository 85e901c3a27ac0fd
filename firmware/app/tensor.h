/* What people and the host are told about a tensor. */
#ifndef MCUMATRIX_TENSOR_H
#define MCUMATRIX_TENSOR_H

#include <stdint.h>

#include "runtime.h"
#include "wire.h"

/* Room for RUNTIME_MAX_RANK numbers of up to 11 characters, and what stands between them. */
#define TENSOR_DIMS_SIZE_BYTES (12 * RUNTIME_MAX_RANK)

/* Writes the dimensions as in `1x28x28x1`; a scalar is `1`. */
void tensor_dims(const struct runtime_tensor *tensor, char dims[TENSOR_DIMS_SIZE_BYTES]);

/* The type as in schema.fbs, e.g. `FLOAT32`. */
const char *tensor_type(const struct runtime_tensor *tensor);

uint32_t tensor_element_count(const struct runtime_tensor *tensor);

/* The real number that an element stands for. */
double tensor_real(const struct runtime_tensor *tensor, uint32_t element);

/* Sends a tensor and its data as machine lines. */
void tensor_send(struct wire *wire, const char *name, const struct runtime_tensor *tensor);

/* Sends the data of a tensor alone; the first byte has the offset `first_offset`. */
void tensor_send_data(struct wire *wire, const struct runtime_tensor *tensor, uint32_t first_offset);

#endif
