/* The clock tree: an oscillator of the chip through the PLL to the core. A family's clock.h has the clocks that it can
 * make. */
#ifndef MCUMATRIX_CLOCK_TREE_H
#define MCUMATRIX_CLOCK_TREE_H

#include <stdbool.h>
#include <stdint.h>

/* Runs the core at `sysclk_hz`, which is one of those that clock.h names.
 * Returns false, with the core running from the HSI, if that cannot be made or something does not start. */
bool clock_set(uint32_t sysclk_hz);

/* What the registers say, in Hz. */
uint32_t clock_sysclk_hz(void);
uint32_t clock_hclk_hz(void);
uint32_t clock_pclk1_hz(void);
uint32_t clock_pclk2_hz(void);

#endif
