#include "input.h"

#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "runtime.h"
#include "wire.h"

static uint8_t *held; /* as many bytes as the input tensors have */

static uint32_t total_size_bytes(void) {
    uint32_t size_bytes = 0;
    for (uint32_t i = 0; i < runtime_input_count(); i++) {
        size_bytes += runtime_input(i)->size_bytes;
    }
    return size_bytes;
}

const char *input_setup(void) {
    uint32_t size_bytes = total_size_bytes();
    if (sample_input_size_bytes != size_bytes) {
        return "the built-in input does not have the size of the model's input; render and build the image again";
    }
    held = malloc(size_bytes);
    if (held == NULL) {
        return "the heap has no room for a copy of the model's input; this board has too little RAM for the model";
    }
    memcpy(held, sample_input, size_bytes);
    return NULL;
}

uint32_t input_size_bytes(void) {
    return sample_input_size_bytes;
}

bool input_write(uint32_t offset, const uint8_t *bytes, uint32_t size_bytes) {
    if (offset > input_size_bytes() || size_bytes > input_size_bytes() - offset) {
        return false;
    }
    memcpy(held + offset, bytes, size_bytes);
    return true;
}

/* Copies what lies one behind the other into the tensors. */
static void load(const uint8_t *bytes) {
    runtime_forget();
    for (uint32_t i = 0; i < runtime_input_count(); i++) {
        const struct runtime_tensor *tensor = runtime_input(i);
        memcpy(tensor->data, bytes, tensor->size_bytes);
        bytes += tensor->size_bytes;
    }
}

void input_load(void) {
    load(held);
}

void input_load_sample(void) {
    load(sample_input);
}

uint32_t input_crc32(void) {
    return wire_crc32(0, held, input_size_bytes());
}
