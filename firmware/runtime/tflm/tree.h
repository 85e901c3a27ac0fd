/* The headers of the TensorFlow tree that every generation has, without the warnings that they cause.
 *
 * MICRO_HEADER names one of the tree's micro folder, for #include; TFLM_MICRO is that folder, without quotes. */
#ifndef MCUMATRIX_TFLM_TREE_H
#define MCUMATRIX_TFLM_TREE_H

#define TFLM_QUOTE(path) #path
#define TFLM_QUOTE_EXPANDED(path) TFLM_QUOTE(path)
#define MICRO_HEADER(path) TFLM_QUOTE_EXPANDED(TFLM_MICRO/path)

/* Not -isystem: before version 10, GCC for bare metal takes such headers for C. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* Where a kernel's registration is declared: up to 2022, and since 2023. */
#if __has_include("tensorflow/lite/core/api/op_resolver.h")
#include "tensorflow/lite/core/api/op_resolver.h"
#endif
#if __has_include(MICRO_HEADER(micro_common.h))
#include MICRO_HEADER(micro_common.h)
#endif
/* Edge Impulse's tree has declarations alone under the usual name. */
#if __has_include("tensorflow/lite/schema/schema_generated_full.h")
#include "tensorflow/lite/schema/schema_generated_full.h"
#endif
#include "tensorflow/lite/schema/schema_generated.h"
#pragma GCC diagnostic pop

/* What the tree calls a kernel with its functions. */
using Registration = TFLM_REGISTRATION;

#endif
