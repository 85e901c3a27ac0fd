/* The flash interface of an STM32F7, as far as erasing and programming need it: RM0385 section 3.7. */
#ifndef MCUMATRIX_FLASH_ALGORITHM_CONTROLLER_H
#define MCUMATRIX_FLASH_ALGORITHM_CONTROLLER_H

#include <stdint.h>

#include "core_registers.h"

/* RM0385 41.2, RM0410 44.2, "Flash size": what this chip has, in KB. */
#define FLASH_SIZE_KB (*(const volatile uint16_t *)0x1FF0F442)

#define FLASH_KEYR REGISTER(0x40023C04) /* 3.7.2 */
#define FLASH_KEYR_KEY1 0x45670123u
#define FLASH_KEYR_KEY2 0xCDEF89ABu

#define FLASH_SR REGISTER(0x40023C0C) /* 3.7.4: flags are cleared by writing 1 */
#define FLASH_SR_EOP (1u << 0)
#define FLASH_SR_OPERR (1u << 1)
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_PGAERR (1u << 5)
#define FLASH_SR_PGPERR (1u << 6)
#define FLASH_SR_ERSERR (1u << 7)
#define FLASH_SR_ERRORS (FLASH_SR_OPERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR | FLASH_SR_ERSERR)
#define FLASH_SR_BSY (1u << 16)

#define FLASH_CR REGISTER(0x40023C10) /* 3.7.5 */
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_SER (1u << 1)
#define FLASH_CR_MER (1u << 2)
#define FLASH_CR_SNB_POSITION 3
#define FLASH_CR_PSIZE_X32 (2u << 8)
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_LOCK (1u << 31)

/* What CR has besides, always: words are programmed. */
#define FLASH_CR_ALWAYS FLASH_CR_PSIZE_X32

/* A word takes 100 us at most (DS10916, flash memory programming). A poll takes no less than 3 cycles, so that
 * these last 2.6 ms at 288 MHz; at 16 MHz it is a fraction of a second. */
#define UNIT_POLLS 250000u

/* What is programmed at once. */
#define UNIT_WORDS 1u

/* RM0385 3.3.1 and RM0410 3.3.1, single bank: four sectors of 32 KB, one of 128 KB, the rest of 256 KB. */
#define SMALL_SECTORS 4u
#define SMALL_SECTOR_SHIFT 15
#define LARGE_SECTOR_SHIFT 18

/* What FLASH_CR has for the sector at an offset. */
static inline uint32_t sector_bits(uint32_t offset) {
    uint32_t small = offset >> SMALL_SECTOR_SHIFT;
    /* The sector of 128 KB and the four before it are together as large as each of those behind it. */
    uint32_t sector = small < SMALL_SECTORS ? small : SMALL_SECTORS + (offset >> LARGE_SECTOR_SHIFT);
    return sector << FLASH_CR_SNB_POSITION;
}

#endif
