/* The tree's kernels, and what they work on, as long as they are found by operator and version: up to TensorFlow 2.2. To
 * be included once, by the file of a generation. */
#ifndef MCUMATRIX_TFLM_VERSIONED_KERNELS_H
#define MCUMATRIX_TFLM_VERSIONED_KERNELS_H

#include "generation.h"
#include "room.h"
#include "versioned_resolver.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(kernels/all_ops_resolver.h)
#pragma GCC diagnostic pop

using KernelList = tflite::ops::micro::AllOpsResolver;

/* In place of the tree's own, which adds all kernels there are. */
tflite::ops::micro::AllOpsResolver::AllOpsResolver() {}

#define KERNEL(function) \
    namespace tflite { \
    namespace ops { \
    namespace micro { \
    Registration *function(); \
    } \
    } \
    }
#include "operators.h"

using Resolver = VersionedResolver<KernelList>;

static Room<Resolver> resolver_room;
static Resolver *resolver;

void generation::begin() {
    resolver = resolver_room.make(register_operators);
}

const Registration *generation::find(const tflite::OperatorCode &code) {
    if (code.builtin_code() != tflite::BuiltinOperator_CUSTOM) {
        return resolver->find_untimed(code.builtin_code(), code.version());
    }
    return code.custom_code() == nullptr ? nullptr
                                         : resolver->find_untimed(code.custom_code()->c_str(), code.version());
}

bool generation::calls_graphs() {
    return false;
}

tflite::BuiltinOperator generation::operator_of(const tflite::OperatorCode &code) {
    return code.builtin_code();
}

void *generation::tensor_data(TfLiteContext *context, int tensor) {
    return context->tensors[tensor].data.raw;
}

#endif
