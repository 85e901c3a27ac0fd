/* The level 1 caches of the Cortex-M7, of whatever size the chip has them. */
#ifndef MCUMATRIX_STM32F7_CACHE_H
#define MCUMATRIX_STM32F7_CACHE_H

void cache_enable(void);

#endif
