/* Sums of products of int8 with the DSP instructions of ARMv7E-M.
 *
 * SXTB16 widens bytes 0 and 2 of a word to a pair of halfwords, and bytes 1 and 3 after a rotation by 8;
 * SXTAB16 does the same and adds a pair, here the input's offset; SMLAD multiplies two pairs and adds both
 * products to a sum. Sums of integers do not depend on their order, so the results are those of
 * kernels/reference. Input + offset lies within -255 ... 255 and fits a halfword.
 */
#ifndef MCUMATRIX_BUILTIN_DOT_INT8_H
#define MCUMATRIX_BUILTIN_DOT_INT8_H

#include <stdint.h>
#include <string.h>

#include "acle.h"

/* Before a loop of so many turns: it becomes as many copies, so that an array that it goes over can be in registers. */
#define UNROLLED_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define UNROLLED(turns) UNROLLED_PRAGMA(unroll(turns))
#else
#define UNROLLED(turns) UNROLLED_PRAGMA(GCC unroll turns)
#endif

/* Four bytes from any address: one LDR, which may be unaligned on a Cortex-M7. */
static inline int8x4_t load_int8x4(const int8_t *values) {
    int8x4_t word;
    memcpy(&word, values, sizeof word);
    return word;
}

/* Two halfwords from an address that is a multiple of 4. */
static inline int16x2_t load_int16x2(const int16_t *values) {
    int16x2_t pair;
    memcpy(&pair, __builtin_assume_aligned(values, 4), sizeof pair);
    return pair;
}

static inline void store_int16x2(int16_t *values, int16x2_t pair) {
    memcpy(__builtin_assume_aligned(values, 4), &pair, sizeof pair);
}

/* The same halfword twice. */
static inline int16x2_t pair_of(int32_t value) {
    return (int16x2_t)((uint32_t)(uint16_t)value * 0x00010001u);
}

static inline int16x2_t widen_even(int8x4_t word) {
    return __sxtb16(word);
}

/* arm_acle.h has no intrinsic with the rotation, which costs nothing as part of the instruction. */
static inline int16x2_t widen_odd(int8x4_t word) {
    int16x2_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

static inline int16x2_t widen_even_and_add(int8x4_t word, int16x2_t addend) {
    return __sxtab16(addend, word);
}

static inline int16x2_t widen_odd_and_add(int8x4_t word, int16x2_t addend) {
    int16x2_t pair;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(pair) : "r"(addend), "r"(word));
    return pair;
}

#endif
