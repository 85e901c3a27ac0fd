/* FULLY_CONNECTED in int8: two output channels at once, two products per SMLAD. */
#include "dot_int8.h"
#include "fixed_point.h"
#include "kernels.h"

enum { GROUP = 4 };

/* Sums of two channels. */
struct sums {
    int32_t a, b;
};

static inline struct sums multiply(const int8_t *input, const int8_t *a, const int8_t *b, int32_t length,
                                   int32_t offset) {
    const int16x2_t offsets = pair_of(offset);
    struct sums sums = {0, 0};
    const int8_t *const groups_end = input + length / GROUP * GROUP;
    while (input < groups_end) {
        const int8x4_t word = load_int8x4(input);
        const int8x4_t word_a = load_int8x4(a);
        const int8x4_t word_b = load_int8x4(b);
        const int16x2_t even = widen_even_and_add(word, offsets);
        const int16x2_t odd = widen_odd_and_add(word, offsets);
        sums.a = __smlad(even, widen_even(word_a), sums.a);
        sums.a = __smlad(odd, widen_odd(word_a), sums.a);
        sums.b = __smlad(even, widen_even(word_b), sums.b);
        sums.b = __smlad(odd, widen_odd(word_b), sums.b);
        input += GROUP;
        a += GROUP;
        b += GROUP;
    }
    for (int32_t i = 0; i < length % GROUP; ++i) {
        sums.a += (input[i] + offset) * a[i];
        sums.b += (input[i] + offset) * b[i];
    }
    return sums;
}

void fully_connected_int8(const struct builtin_layer *layer) {
    const struct runtime_tensor *shape = layer->output;
    const int32_t out_depth = shape->dims[shape->rank - 1];
    const int32_t rows = (int32_t)shape->size_bytes / out_depth;
    const int32_t in_depth = (int32_t)layer->input->size_bytes / rows;
    const int8_t *weights = layer->weights;
    const int32_t *bias = layer->bias;
    const int8_t *input = layer->input->data;
    int8_t *output = layer->output->data;

    for (int32_t row = 0; row < rows; ++row, input += in_depth, output += out_depth) {
        for (int32_t channel = 0; channel < out_depth; channel += 2) {
            /* The last of an odd number of channels is computed twice. */
            const int32_t other = channel + 1 < out_depth ? channel + 1 : channel;
            const struct sums sums = multiply(input, &weights[channel * in_depth], &weights[other * in_depth],
                                              in_depth, layer->quantization.input_offset);
            output[channel] = requantize(sums.a + bias[channel], layer, channel);
            output[other] = requantize(sums.b + bias[other], layer, other);
        }
    }
}
