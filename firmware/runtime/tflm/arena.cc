/* TensorFlow 2.1 and 2.2: the interpreter takes the arena, and AllocateTensors places the tensors in it. */
#include "interpreter_in_arena.h"
#include "versioned_resolver.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(kernels/all_ops_resolver.h)
#pragma GCC diagnostic pop

using Resolver = VersionedResolver<tflite::ops::micro::AllOpsResolver>;

static Room<Resolver> resolver_room;
static Resolver *resolver;

void generation::begin() {
    resolver = resolver_room.make();
}

const TfLiteRegistration *generation::find(tflite::BuiltinOperator op, int version) {
    return resolver->find_untimed(op, version);
}

tflite::BuiltinOperator generation::operator_of(const tflite::OperatorCode &code) {
    return code.builtin_code();
}

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes,
                               tflite::ErrorReporter *reporter) {
    return start_in_arena(*resolver, model, arena, arena_size_bytes, reporter);
}

void *generation::tensor_data(TfLiteContext *context, int tensor) {
    return context->tensors[tensor].data.raw;
}
