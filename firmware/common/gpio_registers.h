/* The registers of a port of GPIO that this firmware uses: RM0385 section 6. Those of the STM32L4 are the same (RM0432
 * section 8). */
#ifndef MCUMATRIX_GPIO_REGISTERS_H
#define MCUMATRIX_GPIO_REGISTERS_H

#include "core_registers.h"

#define GPIO_MODER(base) REGISTER((base) + 0x00) /* 6.4.1 */
#define GPIO_MODER_OUTPUT 1u
#define GPIO_MODER_ALTERNATE 2u
#define GPIO_OSPEEDR(base) REGISTER((base) + 0x08) /* 6.4.3 */
#define GPIO_OSPEEDR_VERY_HIGH 3u
#define GPIO_PUPDR(base) REGISTER((base) + 0x0C) /* 6.4.4 */
#define GPIO_PUPDR_UP 1u
#define GPIO_BSRR(base) REGISTER((base) + 0x18) /* 6.4.7: the low half sets pins, the high half resets them */
#define GPIO_AFR(base, pin) REGISTER((base) + 0x20 + 4 * ((pin) / 8)) /* 6.4.9, 6.4.10 */

#endif
