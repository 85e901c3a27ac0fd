/* One layer of a rendered model, as the builtin runtime runs it, on numbers that are made up. */
#include "model.h"

static uint32_t state;

/* A linear congruential generator (Knuth, The Art of Computer Programming, section 3.3.4, line 16). */
static uint32_t next(void) {
    return state = state * 1664525u + 1013904223u;
}

static void fill(const struct runtime_tensor *tensor) {
    for (uint32_t index = 0; tensor != 0 && index < tensor->size_bytes / 4; ++index) {
        if (tensor->type == RUNTIME_FLOAT32) {
            ((float *)tensor->data)[index] = (float)(int32_t)next() * 0x1p-29f;
        } else {
            ((uint32_t *)tensor->data)[index] = next();
        }
    }
}

void program(void) {
    const struct builtin_layer *layer = &builtin_model.layers[LAYER];
    fill(layer->input);
    fill(layer->second);
    layer->kernel(layer);
}
