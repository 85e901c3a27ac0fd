/* The ART accelerator and its prefetch, which work on the ITCM bus alone: RM0385 3.4.2. They are on in images that have
 * something there. */
#include "registers.h"

static void start_accelerator(void) {
    /* Reset while it is off, as it has to be: RM0385 3.7.1, ARTRST. */
    FLASH_ACR &= ~FLASH_ACR_ARTEN;
    FLASH_ACR |= FLASH_ACR_ARTRST;
    FLASH_ACR &= ~FLASH_ACR_ARTRST;
    FLASH_ACR |= FLASH_ACR_ARTEN | FLASH_ACR_PRFTEN;
}

__attribute__((section(".preinit_array"), used)) static void (*const start_first)(void) = start_accelerator;
