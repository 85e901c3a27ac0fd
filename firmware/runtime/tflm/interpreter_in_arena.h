/* How the interpreter starts since TensorFlow 2.1: it takes the arena, and AllocateTensors plans where tensors lie. */
#ifndef MCUMATRIX_TFLM_INTERPRETER_IN_ARENA_H
#define MCUMATRIX_TFLM_INTERPRETER_IN_ARENA_H

#include "interpreter.h"

#if TFLM_HAS_RECORDER
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include MICRO_HEADER(recording_micro_interpreter.h)
#pragma GCC diagnostic pop
#endif

template <typename Interpreter>
static auto allocate_tensors(Interpreter *with_tensors, int) -> decltype(with_tensors->AllocateTensors()) {
    return with_tensors->AllocateTensors();
}

/* In Edge Impulse's tree it is asked whether all kernels are to be prepared. */
template <typename Interpreter>
static auto allocate_tensors(Interpreter *with_tensors, long) -> decltype(with_tensors->AllocateTensors(true)) {
    return with_tensors->AllocateTensors(true);
}

/* Makes an interpreter that places the tensors in the arena; `reporter` is nothing, or what takes messages, or later the
 * model's variables. */
template <typename Interpreter, typename Resolver, typename... Reporter>
static TfLiteStatus start_in_arena(Room<Interpreter> &room, Interpreter *&made, const Resolver &resolver,
                                   const tflite::Model *model, std::uint8_t *arena, std::size_t arena_size_bytes,
                                   Reporter *...reporter) {
    made = room.make(model, resolver, arena, arena_size_bytes, reporter...);
    if (made->initialization_status() != kTfLiteOk) {
        return kTfLiteError;
    }
    return allocate_tensors(made, 0);
}

#if TFLM_HAS_RECORDER

std::size_t generation::arena_used_bytes() {
    return interpreter->arena_used_bytes();
}

/* What is not persistent: since 2022, and before. */
template <typename Allocator>
static auto head_bytes(const Allocator *allocator, int) -> decltype(allocator->GetNonPersistentUsedBytes()) {
    return allocator->GetNonPersistentUsedBytes();
}

template <typename Allocator>
static auto head_bytes(const Allocator *allocator, long) -> decltype(allocator->GetHeadUsedBytes()) {
    return allocator->GetHeadUsedBytes();
}

template <typename Resolver, typename... Reporter>
static bool record_in_arena(generation::Recorded *recorded, const Resolver &resolver, const tflite::Model *model,
                            std::uint8_t *arena, std::size_t arena_size_bytes, Reporter *...reporter) {
    using Type = tflite::RecordedAllocationType;
    static Room<tflite::RecordingMicroInterpreter> room;
    tflite::RecordingMicroInterpreter *recorder;
    if (start_in_arena(room, recorder, resolver, model, arena, arena_size_bytes, reporter...) != kTfLiteOk) {
        return false;
    }
    const tflite::RecordingMicroAllocator &allocator = recorder->GetMicroAllocator();
    const auto bytes = [&allocator](Type type) { return allocator.GetRecordedAllocation(type).used_bytes; };
    *recorded = generation::Recorded{
        head_bytes(allocator.GetSimpleMemoryAllocator(), 0),
        bytes(Type::kTfLiteEvalTensorData),
        bytes(Type::kPersistentTfLiteTensorData),
        bytes(Type::kPersistentTfLiteTensorQuantizationData),
        bytes(Type::kPersistentBufferData),
        bytes(Type::kTfLiteTensorVariableBufferData),
        bytes(Type::kNodeAndRegistrationArray),
    };
    return true;
}

#else

std::size_t generation::arena_used_bytes() {
    return 0;
}

template <typename... Given>
static bool record_in_arena(Given &&...) {
    return false;
}

#endif

bool generation::plans_arena() {
    return true;
}

#endif
