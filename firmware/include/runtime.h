/* What an inference library offers to the benchmark.
 *
 * One implementation is linked per image: runtime/builtin, or an adapter of runtime/tflm.
 * The model is part of the implementation, so nothing here takes a model.
 */
#ifndef MCUMATRIX_RUNTIME_H
#define MCUMATRIX_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RUNTIME_MAX_RANK 8
#define RUNTIME_MAX_OP_BYTES 63u

enum runtime_status {
    RUNTIME_OK = 0,
    RUNTIME_ERROR = 1, /* runtime_error() says what happened */
};

/* Element types, with the codes of TensorType in TensorFlow Lite's schema.fbs. */
enum runtime_type {
    RUNTIME_FLOAT32 = 0,
    RUNTIME_INT32 = 2,
    RUNTIME_UINT8 = 3,
    RUNTIME_INT64 = 4,
    RUNTIME_BOOL = 6,
    RUNTIME_INT16 = 7,
    RUNTIME_INT8 = 9,
};

/* A tensor: row-major, last dimension fastest. Images are NHWC.
 * For integer types, real = scale * (element - zero_point); scale is 0 where there is none. */
struct runtime_tensor {
    enum runtime_type type;
    uint32_t rank;
    int32_t dims[RUNTIME_MAX_RANK];
    float scale;
    int32_t zero_point;
    void *data;
    uint32_t size_bytes;
};

/* Called by runtime_invoke after each layer, outside of the time that is measured.
 * `cycles` are core clock cycles (port_cycles) between the start and the end of the layer's kernel.
 * `output` is valid during the call only: a later layer may reuse its memory. */
typedef void runtime_layer_callback(void *context, uint32_t layer, uint64_t cycles,
                                    const struct runtime_tensor *output);

/* Prepares the model; once, before any other function. */
enum runtime_status runtime_setup(void);

uint32_t runtime_input_count(void);

/* Before an input is filled: the model forgets earlier inferences, if it keeps anything of them. runtime_invoke says what
 * went wrong with that. */
void runtime_forget(void);

/* A tensor to fill before runtime_invoke; index < input count. Its contents are not kept by runtime_invoke. */
const struct runtime_tensor *runtime_input(uint32_t index);

uint32_t runtime_output_count(void);

/* A result of the last runtime_invoke; index < output count. */
const struct runtime_tensor *runtime_output(uint32_t index);

uint32_t runtime_layer_count(void);

/* The name of a layer's operator as in schema.fbs, e.g. "DEPTHWISE_CONV_2D", or of a custom operator: up to
 * RUNTIME_MAX_OP_BYTES printable characters without blanks. layer < layer count. */
const char *runtime_layer_op(uint32_t layer);

/* One inference. `on_layer` may be NULL. */
enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context);

/* One inference as runtime_invoke has it, but untimed: `begin` is called right before each layer's kernel, and `end` right
 * behind it. Images that count events need it, and no others have it: a runtime without it is measured all the same. */
typedef void runtime_layer_edge(uint32_t layer);
typedef enum runtime_status runtime_between(runtime_layer_edge *begin, runtime_layer_edge *end);
runtime_between runtime_invoke_between;

/* Evidence which implementation served a layer: the address of the function that computes it, without Thumb bit. */
uintptr_t runtime_layer_code(uint32_t layer);

/* Likewise: the name of the index-th function of an optimised library (such as CMSIS-NN) that the layer executed in the
 * last runtime_invoke; NULL after the last. A runtime that calls no such library has none. */
const char *runtime_layer_used(uint32_t layer, uint32_t index);

/* RAM that the tensors need, in bytes; known for certain after the first runtime_invoke. */
uint32_t runtime_arena_bytes(void);

/* What of the arena is of one kind, in bytes; `kind` is one of those that model/memory.py of the host knows. */
struct runtime_memory {
    const char *kind;
    uint32_t size_bytes;
};

/* Part number `index` of what is known of the arena; the kind is NULL behind the last one. What a runtime cannot tell is
 * none. */
struct runtime_memory runtime_arena_part(uint32_t index);

/* What went wrong last, as a sentence without a line end; "" if nothing did. */
const char *runtime_error(void);

#ifdef __cplusplus
}
#endif

#endif
