/* Elements of tensors as real numbers, in single precision: for double, which tensor_real has, the core needs a library. */
#ifndef MCUMATRIX_INFERENCE_SERVER_REALS_H
#define MCUMATRIX_INFERENCE_SERVER_REALS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the functions below are for tensors of such elements: int8, uint8 and float32. */
bool has_reals(const struct runtime_tensor *tensor);

/* The real number that an element stands for. */
float real_of(const struct runtime_tensor *tensor, uint32_t element);

/* Writes an element of `data`, which is laid out as the tensor is: the nearest one that stands for `value`. What is no
 * number is as far down as integers go. */
void set_real(const struct runtime_tensor *tensor, void *data, uint32_t element, float value);

#ifdef __cplusplus
}
#endif

#endif
