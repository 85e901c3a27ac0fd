/* TensorFlow Lite Micro since the middle of 2022: the interpreter is given nobody to report to, and says what it says
 * through DebugLog (report.cc). */
#include "interpreter_in_arena.h"
#include "model.h"
#include "parsed_kernels.h"

#if __has_include(MICRO_HEADER(micro_resource_variable.h))

/* The list of the model's variables, apart from the arena; null for a model that has none. */
static tflite::MicroResourceVariables *variables() {
    if (tflm_variable_count == 0) {
        return nullptr;
    }
    tflite::MicroAllocator *allocator = tflite::MicroAllocator::Create(tflm_variables, tflm_variables_size_bytes);
    return tflite::MicroResourceVariables::Create(allocator, static_cast<int>(tflm_variable_count));
}

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    return start_in_arena(*resolver, model, arena, arena_size_bytes, variables());
}

#else

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    return start_in_arena(*resolver, model, arena, arena_size_bytes);
}

#endif
