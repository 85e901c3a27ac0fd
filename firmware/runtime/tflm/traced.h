/* The CMSIS-NN functions whose calls are noticed. CMake makes the source of it from traced.c.in.
 *
 * Kernels call traced_<name>, which sets a flag and goes on to <name>. */
#ifndef MCUMATRIX_TFLM_TRACED_H
#define MCUMATRIX_TFLM_TRACED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TFLM_TRACED_COUNT is set by CMake. One more of each, for C has no empty arrays. */

/* Not 0 once the function was called. */
extern uint32_t tflm_traced_flags[TFLM_TRACED_COUNT + 1];

extern const char *const tflm_traced_names[TFLM_TRACED_COUNT + 1];

#ifdef __cplusplus
}
#endif

#endif
