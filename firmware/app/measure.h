/* Times of inferences, kept until they may be printed. */
#ifndef MCUMATRIX_MEASURE_H
#define MCUMATRIX_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

/* How many inferences of the model there is room for. */
uint32_t measure_capacity(void);

/* Runs one inference on what is in the input tensor and keeps its times, and the CRC-32 of the outputs, one behind the
 * other (as in zlib), as number `repeat`, which is below the capacity. Returns false if the runtime failed. */
bool measure_inference(uint32_t repeat);

/* Before inferences of which measure_stack is to tell. */
void measure_stack_begin(void);

/* How deep the stack was since measure_stack_begin, in bytes. */
struct measure_stack {
    uint32_t inference_bytes; /* within inferences, from the call of the runtime on */
    uint32_t deepest_bytes;   /* since reset, whatever ran */
    uint32_t size_bytes;      /* how deep it may be */
};

struct measure_stack measure_stack(void);

/* Core clock cycles of one layer of inference `repeat`. */
uint64_t measure_layer_cycles(uint32_t repeat, uint32_t layer);

/* Core clock cycles of the whole of inference `repeat`, with what the runtime does between its layers. */
uint64_t measure_total_cycles(uint32_t repeat);

uint32_t measure_output_crc32(uint32_t repeat);

/* The CRC-32 of the outputs of the last inference, measured or not, one behind the other (as in zlib). */
uint32_t measure_outputs_crc32(void);

#endif
