/* How the interpreter starts since TensorFlow 2.1: it takes the arena, and AllocateTensors plans where tensors lie. */
#ifndef MCUMATRIX_TFLM_INTERPRETER_IN_ARENA_H
#define MCUMATRIX_TFLM_INTERPRETER_IN_ARENA_H

#include "interpreter.h"

template <typename Interpreter>
static auto allocate_tensors(Interpreter *with_tensors, int) -> decltype(with_tensors->AllocateTensors()) {
    return with_tensors->AllocateTensors();
}

/* In Edge Impulse's tree it is asked whether all kernels are to be prepared. */
template <typename Interpreter>
static auto allocate_tensors(Interpreter *with_tensors, long) -> decltype(with_tensors->AllocateTensors(true)) {
    return with_tensors->AllocateTensors(true);
}

/* `reporter` is nothing, or what takes messages, or later the model's variables. */
template <typename Resolver, typename... Reporter>
static TfLiteStatus start_in_arena(const Resolver &resolver, const tflite::Model *model, std::uint8_t *arena,
                                   std::size_t arena_size_bytes, Reporter *...reporter) {
    interpreter = interpreter_room.make(model, resolver, arena, arena_size_bytes, reporter...);
    if (interpreter->initialization_status() != kTfLiteOk) {
        return kTfLiteError;
    }
    return allocate_tensors(interpreter, 0);
}

bool generation::plans_arena() {
    return true;
}

#endif
