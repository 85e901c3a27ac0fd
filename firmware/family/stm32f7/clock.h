/* The clock tree: HSI through the PLL to the core. */
#ifndef MCUMATRIX_STM32F7_CLOCK_H
#define MCUMATRIX_STM32F7_CLOCK_H

#include "clock_tree.h"

/* What the PLL makes: multiples of a step, because its input is 2 MHz and its output is halved, from the least to
 * the most that RM0385 5.3.2 allows PLLN. The host reads these, so that no matrix asks for another clock, and says
 * where one is above what the chips are rated for: 216 MHz (DS10916 and DS11532,
 * General operating conditions). */
#define CLOCK_STEP_HZ 1000000u
#define CLOCK_MIN_HZ 50000000u
#define CLOCK_MAX_HZ 432000000u
#define CLOCK_RATED_HZ 216000000u

#endif
