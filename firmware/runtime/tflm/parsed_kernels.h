/* The tree's kernels since TensorFlow 2.3: they are found by operator alone, and each comes with the function that reads
 * its options. To be included once, by the file of a generation. */
#ifndef MCUMATRIX_TFLM_PARSED_KERNELS_H
#define MCUMATRIX_TFLM_PARSED_KERNELS_H

#include <utility>

#include "generation.h"
#include "layers.h"
#include "room.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(micro_mutable_op_resolver.h)
#pragma GCC diagnostic pop

#if TFLM_ALL_OPERATORS
constexpr unsigned int OPERATORS_MAX = 256;
#else
constexpr unsigned int OPERATORS_MAX = KERNELS_MAX;
#endif

using KernelList = tflite::MicroMutableOpResolver<OPERATORS_MAX>;
#define KERNEL(function)
#include "operators.h"

/* What the function that reads options is called differs between releases. */
using OptionsReader =
    decltype(std::declval<const tflite::MicroOpResolver &>().GetOpDataParser(tflite::BuiltinOperator_ADD));

class Resolver : public tflite::MicroOpResolver {
  public:
    Resolver() {
        register_operators(&kernels_);
    }

    const Registration *find_untimed(tflite::BuiltinOperator op) const {
        return static_cast<const tflite::MicroOpResolver &>(kernels_).FindOp(op);
    }

    const Registration *find_untimed(const char *custom) const {
        return static_cast<const tflite::MicroOpResolver &>(kernels_).FindOp(custom);
    }

    const Registration *FindOp(tflite::BuiltinOperator op) const override {
        return timed_kernel(find_untimed(op));
    }

    const Registration *FindOp(const char *custom) const override {
        return timed_kernel(find_untimed(custom));
    }

    OptionsReader GetOpDataParser(tflite::BuiltinOperator op) const override {
        return static_cast<const tflite::MicroOpResolver &>(kernels_).GetOpDataParser(op);
    }

  private:
    KernelList kernels_;
};

static Room<Resolver> resolver_room;
static Resolver *resolver;

void generation::begin() {
    resolver = resolver_room.make();
}

/* Since the middle of 2021; before that, the interpreter itself refuses a model with several. */
bool generation::calls_graphs() {
    return true;
}

/* Codes above 127 have a field of their own since 2.4 (schema.fbs, OperatorCode); the larger of both is the code. */
template <typename Code>
static auto code_in_either(const Code &code, int) -> decltype(code.deprecated_builtin_code(), int()) {
    const int deprecated = code.deprecated_builtin_code();
    const int current = code.builtin_code();
    return current > deprecated ? current : deprecated;
}

template <typename Code>
static int code_in_either(const Code &code, long) {
    return code.builtin_code();
}

tflite::BuiltinOperator generation::operator_of(const tflite::OperatorCode &code) {
    return static_cast<tflite::BuiltinOperator>(code_in_either(code, 0));
}

const Registration *generation::find(const tflite::OperatorCode &code) {
    const tflite::BuiltinOperator op = operator_of(code);
    if (op != tflite::BuiltinOperator_CUSTOM) {
        return resolver->find_untimed(op);
    }
    return code.custom_code() == nullptr ? nullptr : resolver->find_untimed(code.custom_code()->c_str());
}

/* Since 2.4 a context has no list of tensors: it is asked for each. */
template <typename Context>
static auto data_in(Context *context, int tensor, int) -> decltype(context->GetEvalTensor, (void *)nullptr) {
    return context->GetEvalTensor(context, tensor)->data.raw;
}

template <typename Context>
static void *data_in(Context *context, int tensor, long) {
    return context->tensors[tensor].data.raw;
}

void *generation::tensor_data(TfLiteContext *context, int tensor) {
    return data_in(context, tensor, 0);
}

#endif
