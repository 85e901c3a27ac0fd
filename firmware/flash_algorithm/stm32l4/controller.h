/* The flash interface of an STM32L4+, as far as erasing and programming need it: RM0432 section 3.7. */
#ifndef MCUMATRIX_FLASH_ALGORITHM_CONTROLLER_H
#define MCUMATRIX_FLASH_ALGORITHM_CONTROLLER_H

#include <stdint.h>

#include "core_registers.h"

/* RM0432 58.2, "Flash size data register": what this chip has, in KB. */
#define FLASH_SIZE_KB (*(const volatile uint16_t *)0x1FFF75E0)

#define FLASH_KEYR REGISTER(0x40022008) /* 3.7.3 */
#define FLASH_KEYR_KEY1 0x45670123u
#define FLASH_KEYR_KEY2 0xCDEF89ABu

#define FLASH_SR REGISTER(0x40022010) /* 3.7.5: flags are cleared by writing 1 */
#define FLASH_SR_EOP (1u << 0)
#define FLASH_SR_OPERR (1u << 1)
#define FLASH_SR_PROGERR (1u << 3)
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_PGAERR (1u << 5)
#define FLASH_SR_SIZERR (1u << 6)
#define FLASH_SR_PGSERR (1u << 7)
#define FLASH_SR_ERRORS                                                                                      \
    (FLASH_SR_OPERR | FLASH_SR_PROGERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_SIZERR | FLASH_SR_PGSERR)
#define FLASH_SR_BSY (1u << 16)

#define FLASH_CR REGISTER(0x40022014) /* 3.7.6 */
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_SER (1u << 1) /* PER */
#define FLASH_CR_MER (1u << 2 | 1u << 15)
#define FLASH_CR_PNB_POSITION 3
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_LOCK (1u << 31)

/* What CR has besides, always: the option bytes stay locked. */
#define FLASH_CR_ALWAYS (1u << 30)

/* A double word takes 90.76 us at most (DS12023, flash memory characteristics). A poll takes no less than 3 cycles, so
 * that these last 2 ms at 120 MHz; at the 4 MHz after reset it is a fraction of a second. */
#define UNIT_POLLS 80000u

/* What is programmed at once: RM0432 3.3.7. */
#define UNIT_WORDS 2u

/* RM0432 3.3.1, two banks: pages of 4 KB, and as many in each. Their number goes on from bank to bank here: BKER stands
 * above the 8 bits of PNB. */
#define PAGE_SHIFT 12

/* What FLASH_CR has for the page at an offset. */
static inline uint32_t sector_bits(uint32_t offset) {
    return offset >> PAGE_SHIFT << FLASH_CR_PNB_POSITION;
}

#endif
