/* The operators that the library can register: one function for each, to which the models refer that need it, so that an
 * image has the kernels of its model alone.
 *
 * Included by what defines KERNEL(function), which declares a function of the tree, and KernelList, the tree's class that
 * kernels are added to. tflm_operators.inc is made by the host from what the tree has. */
#ifndef MCUMATRIX_TFLM_OPERATORS_H
#define MCUMATRIX_TFLM_OPERATORS_H

#include "model.h"

#define OPERATOR(name, ...) \
    extern "C" void tflm_operator_##name(void *list); \
    void tflm_operator_##name(void *list) { \
        (void)static_cast<KernelList *>(list)->__VA_ARGS__; \
    }
#include "tflm_operators.inc"
#undef OPERATOR
#undef KERNEL

/* Those of the model, or all that the library has, where an image is to have them all. */
static void register_operators(KernelList *list) {
#if TFLM_ALL_OPERATORS
#define KERNEL(function)
#define OPERATOR(name, ...) tflm_operator_##name(list);
#include "tflm_operators.inc"
#undef OPERATOR
#undef KERNEL
#else
    for (unsigned int index = 0; index < tflm_operator_count; index++) {
        if (tflm_operators[index] != nullptr) {
            tflm_operators[index](list);
        }
    }
#endif
}

#endif
