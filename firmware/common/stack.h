/* The stack's limits, from the linker script, and the pattern that startup fills it with. */
#ifndef MCUMATRIX_STACK_H
#define MCUMATRIX_STACK_H

#include <stdint.h>

#define STACK_PATTERN 0xDEADBEEFu

extern uint32_t stack_bottom[];
extern uint32_t stack_top[];

/* Fills all of the stack but what the function that this becomes part of may have in use. An interrupt may come
 * meanwhile: what it leaves below is painted over or was painted before, and counts as used then. */
static inline __attribute__((always_inline)) void stack_paint(void) {
    const uint32_t *here = __builtin_frame_address(0);
    for (volatile uint32_t *word = stack_bottom; word < here - 16; word++) {
        *word = STACK_PATTERN;
    }
}

#endif
