#include "answer_builder.h"

__attribute__((section(".sram2"), aligned(8))) static uint8_t buffer[SERVER_ANSWER_BYTES];

uint8_t *answer_buffer() {
    return buffer;
}
