#include "show.h"

#include <inttypes.h>

#include "console.h"
#include "input.h"
#include "measure.h"
#include "port.h"
#include "runtime.h"
#include "tensor.h"

static void show_tensor(const char *name, const struct runtime_tensor *tensor) {
    char dims[TENSOR_DIMS_SIZE_BYTES];
    tensor_dims(tensor, dims);
    console_print("%s: %s %s, %" PRIu32 " bytes", name, tensor_type(tensor), dims, tensor->size_bytes);
    if (tensor->scale != 0.0f) {
        console_print(", scale %.9g, zero point %" PRId32, (double)tensor->scale, tensor->zero_point);
    }
    console_print("\r\n");
}

void show_tensors(void) {
    struct port_stack stack = port_stack();
    for (uint32_t i = 0; i < runtime_input_count(); i++) {
        show_tensor("Input", runtime_input(i));
    }
    for (uint32_t i = 0; i < runtime_output_count(); i++) {
        show_tensor("Output", runtime_output(i));
    }
    console_print("Arena: %" PRIu32 " bytes\r\n", runtime_arena_bytes());
    console_print("Stack: %" PRIu32 " of %" PRIu32 " bytes used so far\r\n", stack.deepest_bytes, stack.size_bytes);
}

static double milliseconds(uint64_t cycles, uint32_t clock_hz) {
    return (double)cycles * 1000.0 / (double)clock_hz;
}

void show_sample(void) {
    input_load_sample();
    if (!measure_inference(0)) {
        console_error("the runtime failed: %s", runtime_error());
        return;
    }
    uint32_t clock_hz = port_core_hz();
    uint64_t sum_cycles = 0; /* of the layers: the lines above it add up to it */
    for (uint32_t layer = 0; layer < runtime_layer_count(); layer++) {
        uint64_t cycles = measure_layer_cycles(0, layer);
        sum_cycles += cycles;
        console_print("%s: %f msec\r\n", runtime_layer_op(layer), milliseconds(cycles, clock_hz));
    }
    console_print("Total time: %f msec\r\n", milliseconds(sum_cycles, clock_hz));
    uint32_t shown = 0; /* elements of all outputs are counted on */
    for (uint32_t index = 0; index < runtime_output_count(); index++) {
        const struct runtime_tensor *output = runtime_output(index);
        for (uint32_t i = 0; i < tensor_element_count(output); i++, shown++) {
            console_print("Out[%" PRIu32 "]: %f\r\n", shown, tensor_real(output, i));
        }
    }
}
