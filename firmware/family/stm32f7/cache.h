/* The level 1 caches of the Cortex-M7: 4 KB each on the STM32F746. */
#ifndef MCUMATRIX_STM32F7_CACHE_H
#define MCUMATRIX_STM32F7_CACHE_H

void cache_enable(void);

#endif
