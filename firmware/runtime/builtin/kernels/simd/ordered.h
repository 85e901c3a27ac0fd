/* Instructions that stay in the order in which they are written: compilers move no volatile statement past another.
 *
 * For inner loops of which the best order is known. What they do is said in dot_int8.h. */
#ifndef MCUMATRIX_BUILTIN_ORDERED_H
#define MCUMATRIX_BUILTIN_ORDERED_H

#include <stdint.h>

#include "acle.h"

/* Four bytes from any address, which is moved behind them. */
static inline int8x4_t next_int8x4(const int8_t **values) {
    int8x4_t word;
    __asm__ volatile("ldr %0, [%1], #4" : "=&r"(word), "+r"(*values) : : "memory");
    return word;
}

/* Two halfwords from an address that is a multiple of 4. */
static inline int16x2_t ordered_load(const int16_t *values) {
    int16x2_t pair;
    __asm__ volatile("ldr %0, %1" : "=r"(pair) : "m"(*(const int16_t(*)[2])values));
    return pair;
}

/* Two halfwords from an address that is a multiple of 4, which is moved by 16 bytes. */
static inline int16x2_t next_group(const int16_t **values) {
    int16x2_t pair;
    __asm__ volatile("ldr %0, [%1], #16" : "=&r"(pair), "+r"(*values) : : "memory");
    return pair;
}

static inline int16x2_t ordered_even(int8x4_t word) {
    int16x2_t pair;
    __asm__ volatile("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

static inline int16x2_t ordered_odd(int8x4_t word) {
    int16x2_t pair;
    __asm__ volatile("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

static inline int32_t ordered_smlad(int16x2_t left, int16x2_t right, int32_t addend) {
    __asm__ volatile("smlad %0, %1, %2, %0" : "+r"(addend) : "r"(left), "r"(right));
    return addend;
}

#endif
