/* What a rendered model.c tells the builtin runtime.
 *
 * model.c is made from a .tflite file by mcumatrix.adapters.runtimes.builtin; all arithmetic that does not
 * depend on the input (offsets in the arena, fixed-point multipliers, padding) was done there.
 */
#ifndef MCUMATRIX_BUILTIN_MODEL_H
#define MCUMATRIX_BUILTIN_MODEL_H

#include <stdint.h>

#include "runtime.h"

struct builtin_layer;

/* Computes a layer's output from its input; see kernels.h. */
typedef void builtin_kernel(const struct builtin_layer *layer);

/* How a filter moves over an image, in elements. Padding is what lies left of and above the image; what lies
 * right of and below it follows from the output's size. */
struct builtin_window {
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t pad_top, pad_left;
    int32_t depth_multiplier; /* DEPTHWISE_CONV_2D: output channels per input channel */
};

/* Fixed-point requantisation: output = accumulator * multiplier * 2^(shift - 31) + output_offset. */
struct builtin_quantization {
    int32_t input_offset;       /* minus the input's zero point */
    int32_t output_offset;      /* the output's zero point */
    const int32_t *multipliers; /* one per output channel, Q0.31 */
    const int8_t *shifts;       /* one per output channel; positive is to the left */
};

struct builtin_softmax {
    float beta;               /* float32 */
    int32_t input_multiplier; /* int8: Q0.31, scales a difference of inputs to Q5.26 */
    int32_t input_shift;      /* int8: to the left */
    int32_t difference_min;   /* int8: smaller differences count as minus infinity */
};

/* The limits of a fused activation, in units of the output's elements. */
struct builtin_limits {
    float float_min, float_max;
    int32_t int8_min, int8_max;
};

/* A fixed-point factor: multiplier * 2^(shift - 31). */
struct builtin_factor {
    int32_t multiplier, shift;
};

/* ADD in int8: both inputs, shifted to the left by 20, are scaled and added; the sum is scaled. Shifts are 0 or to the
 * right. */
struct builtin_addition {
    int32_t first_offset, second_offset; /* minus the inputs' zero points */
    int32_t output_offset;               /* the output's zero point */
    struct builtin_factor first, second, output;
};

/* MEAN over `count` elements that lie `inner` elements apart. */
struct builtin_reduction {
    int32_t outer, count, inner;
    int32_t sum_offset;    /* int8: minus the input's zero point, count times */
    int32_t output_offset; /* int8: the output's zero point */
    struct builtin_factor factor;
};

/* PAD, with dimensions of size 1 put before those of the tensors, so that there are four. */
struct builtin_padding {
    int32_t in[4], out[4];
    int32_t before[4]; /* how many elements come before those of the input */
    int32_t value;     /* int8: what they are */
};

struct builtin_layer {
    const char *op; /* as in schema.fbs */
    builtin_kernel *kernel;
    const struct runtime_tensor *input;
    const struct runtime_tensor *second; /* ADD: what is added */
    const struct runtime_tensor *output;
    const void *weights; /* float or int8_t; as in the .tflite: OHWI, 1HWO (depthwise) or OI; or what becomes of each
                            of the 256 elements from -128 on */
    const void *bias;    /* float or int32_t, one per output channel; never NULL where there are weights */
    void *scratch;       /* CONV_2D in int8: 4 bytes per weight of one filter, rounded up to a multiple of 16 */
    union { /* which one depends on the operator */
        struct builtin_window window;
        struct builtin_softmax softmax;
        struct builtin_addition addition;
        struct builtin_reduction reduction;
        struct builtin_padding padding;
    };
    struct builtin_quantization quantization;
    struct builtin_limits limits;
};

struct builtin_model {
    const struct builtin_layer *layers;
    uint32_t layer_count;
    const struct runtime_tensor *const *inputs;
    uint32_t input_count;
    const struct runtime_tensor *const *outputs;
    uint32_t output_count;
    uint32_t arena_bytes;
};

extern const struct builtin_model builtin_model;

#endif
