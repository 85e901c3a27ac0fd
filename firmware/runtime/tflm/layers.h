/* Runs each layer between two readings of the cycle counter, and notes which CMSIS-NN functions it used.
 *
 * A kernel's invoke is not told which registration it belongs to, so each registration that is in use gets a function
 * of its own in front of invoke, out of a table of them. */
#ifndef MCUMATRIX_TFLM_LAYERS_H
#define MCUMATRIX_TFLM_LAYERS_H

#include <cstdint>

#include "runtime.h"
#include "tree.h"

constexpr std::uint32_t LAYERS_MAX = 256;

/* Different kernels that a model can use. */
constexpr std::uint32_t KERNELS_MAX = 32;

/* A copy of a kernel's registration that takes the time; it stays. The same one for the same registration. nullptr for
 * nullptr, and where KERNELS_MAX are in use. */
const Registration *timed_kernel(const Registration *kernel);

constexpr int NO_TENSOR = -1;

/* What a layer writes, or NO_TENSOR of no size, but for `data`, which is found when it has run. */
using LayerOutput = bool(std::uint32_t layer, runtime_tensor *output, int *tensor);

/* Before each inference. `output_of` describes the output of a layer; it is called where there is an `on_layer`. */
void layers_begin(LayerOutput *output_of, runtime_layer_callback *on_layer, void *context);

/* How many layers have run since. */
std::uint32_t layers_done();

/* The name of the index-th function that the layer used; nullptr after the last. */
const char *layers_used(std::uint32_t layer, std::uint32_t index);

/* ---- For edges.cc: what is in place of the timing of layers while edges are told ---- */

/* Number `place` of the registrations that timed_kernel gave; nullptr behind the last one. */
Registration *layers_kernel(std::uint32_t place);

/* The one that it is a copy of. */
const Registration *layers_own_kernel(std::uint32_t place);

/* Begins a layer, and says which one. Returns false within a layer: of a graph that it calls, and so a part of it. */
bool layers_enter(std::uint32_t *layer);

/* Ends a layer that did not fail. */
void layers_leave();

#endif
