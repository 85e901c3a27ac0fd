/* What differs between TensorFlow's generations. allocator.cc, arena.cc, profiler.cc and log.cc implement it, each for
 * one. */
#ifndef MCUMATRIX_TFLM_GENERATION_H
#define MCUMATRIX_TFLM_GENERATION_H

#include <cstddef>
#include <cstdint>

#include "tree.h"

namespace generation {

/* Before all others: makes the list of kernels that the model needs. */
void begin();

/* The tree's own kernel for an operator, which is a custom one or not; nullptr where there is none. */
const Registration *find(const tflite::OperatorCode &code);

tflite::BuiltinOperator operator_of(const tflite::OperatorCode &code);

/* Whether operators can call other graphs of the model. */
bool calls_graphs();

/* Makes the interpreter, with timed kernels (layers.h), and places the tensors in the arena. */
TfLiteStatus start(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes);

/* Whether tensors are planned into the arena, so that it holds more at times than it needs to, and whether an arena that
 * is too small for the plan is refused. */
bool plans_arena();

/* The model's inputs and outputs, after start. */
TfLiteTensor *input(std::uint32_t index);
TfLiteTensor *output(std::uint32_t index);

/* Bytes of the arena that are in use after start; 0 where the tree has no recorder. */
std::size_t arena_used_bytes();

/* Bytes of the arena by kind, as the tree's RecordingMicroInterpreter has them; those of persistent kinds are parts of
 * what is persistent. */
struct Recorded {
    std::size_t non_persistent; /* the head: tensors and scratch buffers of one inference */
    std::size_t eval_tensors;
    std::size_t persistent_tensors;
    std::size_t quantization;
    std::size_t persistent_buffers; /* what kernels keep */
    std::size_t variable_tensors;
    std::size_t nodes;
};

/* Places the tensors once with the recorder, which needs room in the arena itself: start must follow. Returns false where
 * the tree has none, or it has no room. */
bool record(const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes, Recorded *recorded);

TfLiteStatus invoke();

/* Where a tensor of the model lies, for a kernel that has just run. */
void *tensor_data(TfLiteContext *context, int tensor);

}  // namespace generation

#endif
