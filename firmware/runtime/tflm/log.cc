/* TensorFlow Lite Micro since the middle of 2022: the interpreter is given nobody to report to, and says what it says
 * through DebugLog (report.cc). */
#include "interpreter_in_arena.h"
#include "parsed_kernels.h"

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    return start_in_arena(*resolver, model, arena, arena_size_bytes);
}
