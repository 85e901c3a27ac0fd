/* The intrinsics of the Arm C Language Extensions for SIMD32 (ACLE, "32-bit SIMD"), for the kernels of this folder.
 *
 * gcc has had them in arm_acle.h since version 10. For older ones, those that the kernels use are made here from
 * their instructions, each of which is one intrinsic.
 */
#ifndef MCUMATRIX_BUILTIN_ACLE_H
#define MCUMATRIX_BUILTIN_ACLE_H

#include <arm_acle.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 10

typedef int32_t int8x4_t;
typedef int32_t int16x2_t;
typedef uint32_t uint8x4_t;

static inline int16x2_t __sxtb16(int8x4_t word) {
    int16x2_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

static inline int16x2_t __sxtab16(int16x2_t addend, int8x4_t word) {
    int16x2_t pair;
    __asm__("sxtab16 %0, %1, %2" : "=r"(pair) : "r"(addend), "r"(word));
    return pair;
}

/* Both products and the addend, which may overflow: that sets Q, which nobody here reads. */
static inline int32_t __smlad(int16x2_t left, int16x2_t right, int32_t addend) {
    int32_t sum;
    __asm__("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(left), "r"(right), "r"(addend));
    return sum;
}

static inline int32_t __smlabb(int32_t left, int32_t right, int32_t addend) {
    int32_t sum;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(sum) : "r"(left), "r"(right), "r"(addend));
    return sum;
}

static inline int32_t __smlabt(int32_t left, int32_t right, int32_t addend) {
    int32_t sum;
    __asm__("smlabt %0, %1, %2, %3" : "=r"(sum) : "r"(left), "r"(right), "r"(addend));
    return sum;
}

static inline int32_t __smlatt(int32_t left, int32_t right, int32_t addend) {
    int32_t sum;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(sum) : "r"(left), "r"(right), "r"(addend));
    return sum;
}

/* The four differences, and in APSR.GE which of them are not negative: __sel chooses by that. Both are volatile so
 * that they stay in their order; the compiler itself never touches GE. */
static inline int8x4_t __ssub8(int8x4_t left, int8x4_t right) {
    int8x4_t differences;
    __asm__ volatile("ssub8 %0, %1, %2" : "=r"(differences) : "r"(left), "r"(right));
    return differences;
}

static inline uint8x4_t __sel(uint8x4_t where_set, uint8x4_t where_clear) {
    uint8x4_t chosen;
    __asm__ volatile("sel %0, %1, %2" : "=r"(chosen) : "r"(where_set), "r"(where_clear));
    return chosen;
}

#endif

#endif
