/* TensorFlow from 2.3 on, until the middle of 2022: kernels are found by operator alone, and the interpreter can take a
 * profiler, which it gets none of. */
#include "collector.h"
#include "interpreter_in_arena.h"
#include "parsed_kernels.h"

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    return start_in_arena(interpreter_room, interpreter, *resolver, model, arena, arena_size_bytes,
                          static_cast<tflite::ErrorReporter *>(&collector));
}

bool generation::record(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes,
                        Recorded *recorded) {
    return record_in_arena(recorded, *resolver, model, arena, arena_size_bytes,
                           static_cast<tflite::ErrorReporter *>(&collector));
}
