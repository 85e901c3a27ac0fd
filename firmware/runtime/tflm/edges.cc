#include "edges.h"

#include "layers.h"

using Invoke = TfLiteStatus(TfLiteContext *context, TfLiteNode *node);

static runtime_layer_edge *on_begin, *on_end;
static Invoke *without_edges[KERNELS_MAX];

static TfLiteStatus run(const Registration *kernel, TfLiteContext *context, TfLiteNode *node) {
    std::uint32_t layer;
    if (!layers_enter(&layer)) {
        return kernel->invoke(context, node);
    }
    if (layer >= runtime_layer_count()) {
        return kTfLiteError;
    }
    on_begin(layer);
    const TfLiteStatus status = kernel->invoke(context, node);
    on_end(layer);
    if (status == kTfLiteOk) {
        layers_leave();
    }
    return status;
}

template <std::uint32_t place>
static TfLiteStatus run_kernel(TfLiteContext *context, TfLiteNode *node) {
    return run(layers_own_kernel(place), context, node);
}

/* run_kernel<0> to run_kernel<count - 1>, as in layers.cc; by another name, for the linker takes one of each name. */
template <std::uint32_t count>
struct FrontWithEdges {
    static Invoke *of(std::uint32_t place) {
        return place == count - 1 ? run_kernel<count - 1> : FrontWithEdges<count - 1>::of(place);
    }
};

template <>
struct FrontWithEdges<0> {
    static Invoke *of(std::uint32_t) {
        return nullptr;
    }
};

void edges_begin(runtime_layer_edge *begin, runtime_layer_edge *end) {
    on_begin = begin;
    on_end = end;
    for (std::uint32_t place = 0; Registration *kernel = layers_kernel(place); place++) {
        without_edges[place] = kernel->invoke;
        kernel->invoke = FrontWithEdges<KERNELS_MAX>::of(place);
    }
}

void edges_end() {
    for (std::uint32_t place = 0; Registration *kernel = layers_kernel(place); place++) {
        kernel->invoke = without_edges[place];
    }
}
