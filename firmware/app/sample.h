/* The built-in input, rendered: the bytes of the model's input tensors, one behind the other. */
#ifndef MCUMATRIX_SAMPLE_H
#define MCUMATRIX_SAMPLE_H

extern const unsigned char sample_input[];
extern const unsigned sample_input_size_bytes;

#endif
