/* Runs the builtin runtime for the tests, which call harness_run on an emulated core: no start-up code, no
 * peripherals, input and outputs in RAM. */
#include <string.h>

#include "port.h"
#include "runtime.h"

enum { MAX_LAYERS = 64, MAX_OUTPUT_BYTES = 512 * 1024, MAX_INPUT_BYTES = 32 * 1024 };

struct harness_layer {
    uint32_t cycles;
    uint32_t size_bytes;
};

uint8_t harness_input[MAX_INPUT_BYTES];
uint8_t harness_outputs[MAX_OUTPUT_BYTES]; /* the outputs of all layers, one behind the other */
struct harness_layer harness_layers[MAX_LAYERS];
uint32_t harness_arena_bytes;
static uint32_t position;

/* Each reading takes one "cycle". */
uint64_t port_cycles(void) {
    static uint64_t readings;
    return ++readings;
}

static void keep(void *context, uint32_t layer, uint64_t cycles, const struct runtime_tensor *output) {
    struct harness_layer *layers = context;
    layers[layer].cycles = (uint32_t)cycles;
    layers[layer].size_bytes = output->size_bytes;
    memcpy(&harness_outputs[position], output->data, output->size_bytes);
    position += output->size_bytes;
}

int harness_run(void) {
    position = 0;
    harness_arena_bytes = runtime_arena_bytes();
    if (runtime_setup() != RUNTIME_OK) {
        return 1;
    }
    const uint8_t *bytes = harness_input;
    for (uint32_t i = 0; i < runtime_input_count(); i++) {
        const struct runtime_tensor *input = runtime_input(i);
        if (bytes + input->size_bytes > harness_input + sizeof harness_input) {
            return 1;
        }
        memcpy(input->data, bytes, input->size_bytes);
        bytes += input->size_bytes;
    }
    if (runtime_invoke(keep, harness_layers) != RUNTIME_OK) {
        return 2;
    }
    for (uint32_t i = 0; i < runtime_output_count(); i++) {
        const struct runtime_tensor *output = runtime_output(i);
        memcpy(&harness_outputs[position], output->data, output->size_bytes);
        position += output->size_bytes;
    }
    return (int)runtime_layer_count() << 8;
}
