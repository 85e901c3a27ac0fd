/* Tells where layers begin and end, in place of the time that they take. */
#ifndef MCUMATRIX_TFLM_EDGES_H
#define MCUMATRIX_TFLM_EDGES_H

#include "runtime.h"

/* Until edges_end, `begin` and `end` are called right beside each layer's kernel. */
void edges_begin(runtime_layer_edge *begin, runtime_layer_edge *end);

void edges_end();

#endif
