/* TensorFlow Lite Micro since the middle of 2022: the interpreter is given nobody to report to, and says what it says
 * through DebugLog (report.cc). */
#include "interpreter_in_arena.h"
#include "parsed_kernels.h"

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    return start_in_arena(interpreter_room, interpreter, *resolver, model, arena, arena_size_bytes);
}

bool generation::record(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes,
                        Recorded *recorded) {
    return record_in_arena(recorded, *resolver, model, arena, arena_size_bytes);
}
