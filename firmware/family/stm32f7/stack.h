/* The stack's limits, from the linker script, and the pattern that startup fills it with. */
#ifndef MCUMATRIX_STM32F7_STACK_H
#define MCUMATRIX_STM32F7_STACK_H

#include <stdint.h>

#define STACK_PATTERN 0xDEADBEEFu

extern uint32_t stack_bottom[];
extern uint32_t stack_top[];

#endif
