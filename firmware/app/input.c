#include "input.h"

#include <stdlib.h>
#include <string.h>

#include "digit.h"
#include "runtime.h"
#include "wire.h"

static uint8_t *held; /* as many bytes as the tensor has */

const char *input_setup(void) {
    uint32_t size_bytes = runtime_input()->size_bytes;
    if (digit_input_size_bytes != size_bytes) {
        return "the built-in digit does not have the size of the model's input; render and build the image again";
    }
    held = malloc(size_bytes);
    if (held == NULL) {
        return "the heap has no room for a copy of the model's input; this board has too little RAM for the model";
    }
    memcpy(held, digit_input, size_bytes);
    return NULL;
}

bool input_write(uint32_t offset, const uint8_t *bytes, uint32_t size_bytes) {
    uint32_t tensor_size_bytes = runtime_input()->size_bytes;
    if (offset > tensor_size_bytes || size_bytes > tensor_size_bytes - offset) {
        return false;
    }
    memcpy(held + offset, bytes, size_bytes);
    return true;
}

void input_load(void) {
    memcpy(runtime_input()->data, held, runtime_input()->size_bytes);
}

void input_load_digit(void) {
    memcpy(runtime_input()->data, digit_input, digit_input_size_bytes);
}

uint32_t input_crc32(void) {
    return wire_crc32(0, held, runtime_input()->size_bytes);
}
