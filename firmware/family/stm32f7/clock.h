/* The clock tree: HSI through the PLL to the core. */
#ifndef MCUMATRIX_STM32F7_CLOCK_H
#define MCUMATRIX_STM32F7_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Runs the core at `sysclk_hz`, whole MHz from 50 to 432 (above 216 MHz is out of specification).
 * Returns false, with the core running from the HSI, if that cannot be made or something does not start. */
bool clock_set(uint32_t sysclk_hz);

/* What the registers say, in Hz. */
uint32_t clock_sysclk_hz(void);
uint32_t clock_hclk_hz(void);
uint32_t clock_pclk1_hz(void);
uint32_t clock_pclk2_hz(void);

#endif
