/* What goes into the model's input tensors.
 *
 * An inference does not keep its input, so a copy is held here and loaded before each one: the bytes of all input
 * tensors, one behind the other. It holds the built-in input at first. */
#ifndef MCUMATRIX_INPUT_H
#define MCUMATRIX_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* Returns NULL, or what went wrong as a sentence; after runtime_setup. */
const char *input_setup(void);

/* The size of all input tensors together. */
uint32_t input_size_bytes(void);

/* Changes bytes of the copy. Returns false, and changes nothing, if they do not lie within it. */
bool input_write(uint32_t offset, const uint8_t *bytes, uint32_t size_bytes);

/* Copies the held bytes into the tensors of a model that knows nothing of what was before. */
void input_load(void);

/* Copies the built-in input into the tensors. */
void input_load_sample(void);

/* CRC-32 of the held bytes, as in zlib. */
uint32_t input_crc32(void);

#endif
