/* TensorFlow 1.14: tensors are placed by a SimpleTensorAllocator, in the interpreter's constructor. Kernels are found
 * and prepared anew in every inference. */
#include "collector.h"
#include "interpreter.h"
#include "versioned_kernels.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(simple_tensor_allocator.h)
#pragma GCC diagnostic pop

static Room<tflite::SimpleTensorAllocator> allocator_room;

TfLiteStatus generation::start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes) {
    tflite::SimpleTensorAllocator *allocator = allocator_room.make(arena, static_cast<int>(arena_size_bytes));
    interpreter = interpreter_room.make(model, *resolver, allocator, &collector);
    return interpreter->initialization_status();
}

std::size_t generation::arena_used_bytes() {
    return 0;
}

bool generation::record(const tflite::Model *, std::uint8_t *, std::size_t, Recorded *) {
    return false;
}

/* Tensors lie one behind the other, and an arena that is too small is not always noticed. */
bool generation::plans_arena() {
    return false;
}
