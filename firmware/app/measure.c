#include "measure.h"

#include "port.h"
#include "runtime.h"
#include "wire.h"

#define MAX_WORDS 4096u
#define WORDS_BESIDE_LAYERS 2u /* the total and the outputs' CRC */

/* One row per inference: a time for each layer, the total, the CRC. In memory that the data cache does not hold, so
 * that keeping times does not push out tensors; that it is not zeroed does not matter, for only what was written is
 * read. */
__attribute__((section(".dtcm"))) static uint64_t words[MAX_WORDS];

static uint32_t row_words(void) {
    return runtime_layer_count() + WORDS_BESIDE_LAYERS;
}

static uint64_t *row(uint32_t repeat) {
    return words + repeat * row_words();
}

uint32_t measure_capacity(void) {
    return MAX_WORDS / row_words();
}

static void keep_time(void *context, uint32_t layer, uint64_t cycles, const struct runtime_tensor *output) {
    (void)output;
    uint64_t *layers = context;
    layers[layer] = cycles;
}

uint32_t measure_outputs_crc32(void) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < runtime_output_count(); i++) {
        crc = wire_crc32(crc, runtime_output(i)->data, runtime_output(i)->size_bytes);
    }
    return crc;
}

static uint32_t depth_of_call_bytes;

void measure_stack_begin(void) {
    port_stack_paint();
}

struct measure_stack measure_stack(void) {
    struct port_stack stack = port_stack();
    return (struct measure_stack){
        .inference_bytes = stack.used_bytes - depth_of_call_bytes,
        .deepest_bytes = stack.deepest_bytes,
        .size_bytes = stack.size_bytes,
    };
}

/* Tells a current probe, in images that are made for one. */
static void mark_window(bool is_open) {
#ifdef MCUMATRIX_ENERGY
    port_mark_window(is_open);
#else
    (void)is_open;
#endif
}

bool measure_inference(uint32_t repeat) {
    uint64_t *layers = row(repeat);
    depth_of_call_bytes = port_stack_depth_bytes();
    /* Outside of what is counted, and before interrupts are aligned: layers take the cycles that they always take. */
    mark_window(true);
    port_align_interrupts();
    uint64_t start = port_cycles();
    enum runtime_status status = runtime_invoke(keep_time, layers);
    uint64_t total = port_cycles() - start;
    mark_window(false);
    if (status != RUNTIME_OK) {
        return false;
    }
    layers[runtime_layer_count()] = total;
    layers[runtime_layer_count() + 1] = measure_outputs_crc32();
    return true;
}

uint64_t measure_layer_cycles(uint32_t repeat, uint32_t layer) {
    return row(repeat)[layer];
}

uint64_t measure_total_cycles(uint32_t repeat) {
    return row(repeat)[runtime_layer_count()];
}

uint32_t measure_output_crc32(uint32_t repeat) {
    return (uint32_t)row(repeat)[runtime_layer_count() + 1];
}
