/* The built-in digit, rendered: the bytes of the model's input tensor. */
#ifndef MCUMATRIX_DIGIT_H
#define MCUMATRIX_DIGIT_H

extern const unsigned char digit_input[];
extern const unsigned digit_input_size_bytes;

#endif
