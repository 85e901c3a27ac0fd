/* What a rendered model.c tells the runtime tflm: the model and the memory for its tensors. */
#ifndef MCUMATRIX_TFLM_MODEL_H
#define MCUMATRIX_TFLM_MODEL_H

#ifdef __cplusplus
extern "C" {
#endif

/* A .tflite file as it is, aligned to 16 bytes: FlatBuffers and kernels read words in place. */
extern const unsigned char tflm_model[];
extern const unsigned int tflm_model_size_bytes;

/* Registers one operator with a list of the tree's generation, see operators.h. */
typedef void tflm_operator(void *list);

/* Those of the model, each once; null for one that the library has not. */
extern tflm_operator *const tflm_operators[];
extern const unsigned int tflm_operator_count;

/* Whether an answer may depend on what was asked before. */
extern const unsigned int tflm_keeps_state;

/* Variables that operators name, and the memory for their list, aligned to 16 bytes; their values are in the arena. */
extern const unsigned int tflm_variable_count;
extern unsigned char tflm_variables[];
extern const unsigned int tflm_variables_size_bytes;

/* Where TensorFlow places tensors and what it keeps about them, aligned to 16 bytes. */
extern unsigned char tflm_arena[];
extern const unsigned int tflm_arena_size_bytes;

#ifdef __cplusplus
}
#endif

#endif
