#include "layers.h"

#include "generation.h"
#include "port.h"
#include "report.h"
#include "traced.h"

/* In memory that the data cache does not hold, so that keeping books does not push out tensors. It is not zeroed. */
#define UNCACHED __attribute__((section(".dtcm")))

constexpr std::uint32_t WORD_BITS = 32;
constexpr std::uint32_t USED_WORDS = TFLM_TRACED_COUNT / WORD_BITS + 1;

struct Kernel {
    const Registration *own;
    Registration timed;
};

static Kernel kernels[KERNELS_MAX];
static std::uint32_t kernel_count;

UNCACHED static std::uint32_t used[LAYERS_MAX][USED_WORDS];

static struct {
    LayerOutput *output_of;
    runtime_layer_callback *on_layer;
    void *context;
    std::uint32_t next;
    bool is_in_layer;
} inference;

static void forget_flags() {
    for (std::uint32_t function = 0; function != TFLM_TRACED_COUNT; function++) {
        tflm_traced_flags[function] = 0;
    }
}

static void keep_flags(std::uint32_t layer) {
    for (std::uint32_t word = 0; word < USED_WORDS; word++) {
        used[layer][word] = 0;
    }
    for (std::uint32_t function = 0; function != TFLM_TRACED_COUNT; function++) {
        if (tflm_traced_flags[function] != 0) {
            used[layer][function / WORD_BITS] |= 1u << function % WORD_BITS;
        }
    }
}

static TfLiteStatus run(const Registration *kernel, TfLiteContext *context, TfLiteNode *node) {
    if (inference.is_in_layer) {
        return kernel->invoke(context, node); /* of a graph that the layer calls, and so a part of it */
    }
    const std::uint32_t layer = inference.next;
    if (layer >= LAYERS_MAX) {
        return kTfLiteError;
    }
    forget_flags();
    inference.is_in_layer = true;
    const std::uint64_t start = port_cycles();
    const TfLiteStatus status = kernel->invoke(context, node);
    const std::uint64_t cycles = port_cycles() - start;
    inference.is_in_layer = false;
    if (status != kTfLiteOk) {
        return status;
    }
    keep_flags(layer);
    inference.next = layer + 1;
    if (inference.on_layer != nullptr) {
        runtime_tensor output;
        int tensor;
        if (!inference.output_of(layer, &output, &tensor)) {
            return kTfLiteError;
        }
        output.data = tensor == NO_TENSOR ? nullptr : generation::tensor_data(context, tensor);
        inference.on_layer(inference.context, layer, cycles, &output);
    }
    return kTfLiteOk;
}

using Invoke = TfLiteStatus(TfLiteContext *context, TfLiteNode *node);

template <std::uint32_t place>
static TfLiteStatus run_kernel(TfLiteContext *context, TfLiteNode *node) {
    return run(kernels[place].own, context, node);
}

/* run_kernel<0> to run_kernel<count - 1>. */
template <std::uint32_t count>
struct Front {
    static Invoke *of(std::uint32_t place) {
        return place == count - 1 ? run_kernel<count - 1> : Front<count - 1>::of(place);
    }
};

template <>
struct Front<0> {
    static Invoke *of(std::uint32_t) {
        return nullptr;
    }
};

const Registration *timed_kernel(const Registration *kernel) {
    if (kernel == nullptr) {
        return nullptr;
    }
    for (std::uint32_t place = 0; place < kernel_count; place++) {
        if (kernels[place].own == kernel) {
            return &kernels[place].timed;
        }
    }
    if (kernel_count == KERNELS_MAX) {
        return nullptr;
    }
    Kernel &added = kernels[kernel_count];
    added.own = kernel;
    added.timed = *kernel;
    added.timed.invoke = Front<KERNELS_MAX>::of(kernel_count);
    kernel_count++;
    return &added.timed;
}

void layers_begin(LayerOutput *output_of, runtime_layer_callback *on_layer, void *context) {
    inference = {output_of, on_layer, context, 0, false};
}

std::uint32_t layers_done() {
    return inference.next;
}

const char *layers_used(std::uint32_t layer, std::uint32_t index) {
    if (layer >= inference.next) {
        return nullptr;
    }
    for (std::uint32_t function = 0; function != TFLM_TRACED_COUNT; function++) {
        if ((used[layer][function / WORD_BITS] >> function % WORD_BITS & 1u) != 0 && index-- == 0) {
            return tflm_traced_names[function];
        }
    }
    return nullptr;
}

/* ---- What only images have that count events: the linker leaves it out of others ---- */

Registration *layers_kernel(std::uint32_t place) {
    return place < kernel_count ? &kernels[place].timed : nullptr;
}

const Registration *layers_own_kernel(std::uint32_t place) {
    return kernels[place].own;
}

bool layers_enter(std::uint32_t *layer) {
    if (inference.is_in_layer) {
        return false;
    }
    inference.is_in_layer = true;
    *layer = inference.next;
    return true;
}

void layers_leave() {
    inference.is_in_layer = false;
    inference.next++;
}
