#include "memory.h"

#include "model.h"

constexpr std::uint32_t COLOUR = 0xB5D2963Cu;
constexpr std::uint32_t WORD_BYTES = sizeof(std::uint32_t);

/* The bytes of the arena are also read as words, whatever TensorFlow keeps in them. */
typedef std::uint32_t __attribute__((may_alias)) Word;

static Word *words() {
    return reinterpret_cast<Word *>(tflm_arena);
}

static std::uint32_t word_count() {
    return tflm_arena_size_bytes / WORD_BYTES;
}

void memory_paint() {
    for (std::uint32_t word = 0; word < word_count(); word++) {
        words()[word] = COLOUR;
    }
}

std::uint32_t memory_used_bytes(std::uint32_t size_bytes) {
    std::uint32_t longest = 0;
    std::uint32_t length = 0;
    for (std::uint32_t word = 0; word < size_bytes / WORD_BYTES; word++) {
        length = words()[word] == COLOUR ? length + 1 : 0;
        if (length > longest) {
            longest = length;
        }
    }
    return size_bytes - longest * WORD_BYTES;
}
