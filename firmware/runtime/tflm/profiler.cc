/* TensorFlow from 2.3 on: kernels are found by operator alone, each comes with the function that reads its options, and
 * the interpreter can take a profiler, which it gets none of. */
#include <utility>

#include "interpreter_in_arena.h"
#include "layers.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(all_ops_resolver.h)
#include MICRO_HEADER(micro_op_resolver.h)
#pragma GCC diagnostic pop

/* What the function that reads options is called differs between releases. */
using OptionsReader =
    decltype(std::declval<const tflite::MicroOpResolver &>().GetOpDataParser(tflite::BuiltinOperator_ADD));

class Resolver : public tflite::MicroOpResolver {
  public:
    const TfLiteRegistration *find_untimed(tflite::BuiltinOperator op) const {
        return static_cast<const tflite::MicroOpResolver &>(all_).FindOp(op);
    }

    const TfLiteRegistration *FindOp(tflite::BuiltinOperator op) const override {
        return timed_kernel(find_untimed(op));
    }

    /* Custom operators were refused before. */
    const TfLiteRegistration *FindOp(const char *) const override {
        return nullptr;
    }

    OptionsReader GetOpDataParser(tflite::BuiltinOperator op) const override {
        return static_cast<const tflite::MicroOpResolver &>(all_).GetOpDataParser(op);
    }

  private:
    tflite::AllOpsResolver all_;
};

static Room<Resolver> resolver_room;
static Resolver *resolver;

void generation::begin() {
    resolver = resolver_room.make();
}

const TfLiteRegistration *generation::find(tflite::BuiltinOperator op, int) {
    return resolver->find_untimed(op);
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

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes,
                               tflite::ErrorReporter *reporter) {
    return start_in_arena(*resolver, model, arena, arena_size_bytes, reporter);
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
