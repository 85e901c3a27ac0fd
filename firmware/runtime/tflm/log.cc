/* TensorFlow Lite Micro since the middle of 2022: the interpreter is given nobody to report to, and says what it says
 * through DebugLog (report.cc); it can be given a list of the model's variables. */
#include "interpreter_in_arena.h"
#include "model.h"
#include "parsed_kernels.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include MICRO_HEADER(micro_resource_variable.h)
#pragma GCC diagnostic pop

/* The list, apart from the arena; null for a model that has no variables. */
static tflite::MicroResourceVariables *variables() {
    if (tflm_variable_count == 0) {
        return nullptr;
    }
    tflite::MicroAllocator *allocator = tflite::MicroAllocator::Create(tflm_variables, tflm_variables_size_bytes);
    return tflite::MicroResourceVariables::Create(allocator, static_cast<int>(tflm_variable_count));
}

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    return start_in_arena(interpreter_room, interpreter, *resolver, model, arena, arena_size_bytes, variables());
}

bool generation::record(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes,
                        Recorded *recorded) {
    return record_in_arena(recorded, *resolver, model, arena, arena_size_bytes, variables());
}
