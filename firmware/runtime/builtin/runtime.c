/* Implements runtime.h over the descriptors of a rendered model.c. */
#include "runtime.h"

#include <stddef.h>

#include "model.h"
#include "port.h"

enum runtime_status runtime_setup(void) {
    return RUNTIME_OK; /* the host planned everything; there is nothing that could fail */
}

void runtime_forget(void) {
    /* No kernel keeps anything. */
}

uint32_t runtime_input_count(void) {
    return builtin_model.input_count;
}

const struct runtime_tensor *runtime_input(uint32_t index) {
    return builtin_model.inputs[index];
}

uint32_t runtime_output_count(void) {
    return builtin_model.output_count;
}

const struct runtime_tensor *runtime_output(uint32_t index) {
    return builtin_model.outputs[index];
}

uint32_t runtime_layer_count(void) {
    return builtin_model.layer_count;
}

const char *runtime_layer_op(uint32_t layer) {
    return builtin_model.layers[layer].op;
}

enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context) {
    for (uint32_t index = 0; index < builtin_model.layer_count; ++index) {
        const struct builtin_layer *layer = &builtin_model.layers[index];
        const uint64_t start = port_cycles();
        layer->kernel(layer);
        const uint64_t cycles = port_cycles() - start;
        if (on_layer != NULL) {
            on_layer(context, index, cycles, layer->output);
        }
    }
    return RUNTIME_OK;
}

enum runtime_status runtime_invoke_between(runtime_layer_edge *begin, runtime_layer_edge *end) {
    for (uint32_t index = 0; index < builtin_model.layer_count; ++index) {
        const struct builtin_layer *layer = &builtin_model.layers[index];
        begin(index);
        layer->kernel(layer);
        end(index);
    }
    return RUNTIME_OK;
}

uintptr_t runtime_layer_code(uint32_t layer) {
    return (uintptr_t)builtin_model.layers[layer].kernel & ~(uintptr_t)1;
}

const char *runtime_layer_used(uint32_t layer, uint32_t index) {
    (void)layer;
    (void)index;
    return NULL;
}

uint32_t runtime_arena_bytes(void) {
    return builtin_model.arena_bytes;
}

/* All of it is tensors and scratch buffers, which the host has placed; nothing has to stay from one inference to the
 * next. */
struct runtime_memory runtime_arena_part(uint32_t index) {
    return index == 0 ? (struct runtime_memory){"non_persistent", builtin_model.arena_bytes}
                      : (struct runtime_memory){NULL, 0};
}

const char *runtime_error(void) {
    return "";
}
