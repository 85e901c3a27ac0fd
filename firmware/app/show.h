/* The commands for people on a terminal. */
#ifndef MCUMATRIX_SHOW_H
#define MCUMATRIX_SHOW_H

/* The model's input and output, and the memory in use. */
void show_tensors(void);

/* Runs the built-in input: a time per layer, the total, and the outputs. */
void show_sample(void);

#endif
