/* The clock tree: HSI16 through the PLL to the core. */
#ifndef MCUMATRIX_STM32L4_CLOCK_H
#define MCUMATRIX_STM32L4_CLOCK_H

#include "clock_tree.h"

/* What the PLL makes: multiples of a step, because its input is 4 MHz and its output is halved at least, from the
 * slowest that the VCO and the largest divider make to what DS12023 allows in range 1 boost. The host reads these
 * three, so that no matrix asks for another clock. */
#define CLOCK_STEP_HZ 2000000u
#define CLOCK_MIN_HZ 8000000u
#define CLOCK_MAX_HZ 120000000u

#endif
