/* The kernels of the builtin runtime. A library holds one element type, in one of two implementations:
 * kernels/reference (plain loops) or kernels/simd (DSP instructions, register blocking). Both give the same
 * answers. A model names the kernels that it needs, so a library of the wrong element type does not link.
 */
#ifndef MCUMATRIX_BUILTIN_KERNELS_H
#define MCUMATRIX_BUILTIN_KERNELS_H

#include "model.h"

builtin_kernel add_float32;
builtin_kernel average_pool_2d_float32;
builtin_kernel conv_2d_float32;
builtin_kernel depthwise_conv_2d_float32;
builtin_kernel fully_connected_float32;
builtin_kernel logistic_float32;
builtin_kernel max_pool_2d_float32;
builtin_kernel mean_float32;
builtin_kernel pad_float32;
builtin_kernel relu_float32;
builtin_kernel relu6_float32;
builtin_kernel reshape_float32;
builtin_kernel softmax_float32;

builtin_kernel add_int8;
builtin_kernel average_pool_2d_int8;
builtin_kernel conv_2d_int8;
builtin_kernel depthwise_conv_2d_int8;
builtin_kernel fully_connected_int8;
builtin_kernel lookup_int8;
builtin_kernel max_pool_2d_int8;
builtin_kernel mean_int8;
builtin_kernel pad_int8;
builtin_kernel reshape_int8;
builtin_kernel softmax_int8;

#endif
