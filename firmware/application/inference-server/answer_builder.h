/* FlatBuffers are built in a buffer of the server: no heap, which the benchmark has for itself. */
#ifndef MCUMATRIX_INFERENCE_SERVER_ANSWER_BUILDER_H
#define MCUMATRIX_INFERENCE_SERVER_ANSWER_BUILDER_H

#include <cstdlib>

#include "flatbuffers/flatbuffers.h"
#include "server.h"

/* A CRC-32 stands behind what is built, which has a size that FlatBuffers does not round up to its alignment of 8. */
constexpr uint32_t ANSWER_RESERVED_BYTES = 8;
constexpr uint32_t ANSWER_BUILT_BYTES = SERVER_ANSWER_BYTES - ANSWER_RESERVED_BYTES;

/* Gives out the one buffer once. Answers are made so that it is enough: it is asked for more by a mistake of ours. */
class AnswerMemory final : public flatbuffers::Allocator {
  public:
    explicit AnswerMemory(uint8_t *buffer) : buffer_(buffer) {}

    uint8_t *allocate(size_t size_bytes) override {
        if (buffer_ == nullptr || size_bytes > ANSWER_BUILT_BYTES) {
            std::abort();
        }
        uint8_t *given = buffer_;
        buffer_ = nullptr;
        return given;
    }

    void deallocate(uint8_t *, size_t) override {}

  private:
    uint8_t *buffer_;
};

/* The end of the buffer is `buffer` + ANSWER_BUILT_BYTES, where FlatBuffers begins: an answer ends there. */
uint8_t *answer_buffer();

#endif
