/* How much of the arena is in use: it is painted before, and what has kept its colour was never written. */
#ifndef MCUMATRIX_TFLM_MEMORY_H
#define MCUMATRIX_TFLM_MEMORY_H

#include <cstdint>

void memory_paint();

/* All but the longest stretch that was never written, of the first `size_bytes` of the arena. TensorFlow fills it from
 * its start, and since 2.1 from both of its ends: it needs no more than this, once an inference has run. */
std::uint32_t memory_used_bytes(std::uint32_t size_bytes);

#endif
