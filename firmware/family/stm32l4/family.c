#include "family.h"

#include <stddef.h>

#include "registers.h"

/* Port G has a supply of its own from its third pin on: RM0432 5.1.3. */
#define FIRST_PIN_ON_VDDIO2 2u

const struct family_register family_registers[] = {
    {"RCC_PLLCFGR", &RCC_PLLCFGR},
    {"RCC_CFGR", &RCC_CFGR},
    {"FLASH_ACR", &FLASH_ACR},
    {"PWR_CR5", &PWR_CR5},
    {"DBGMCU_IDCODE", &DBGMCU_IDCODE},
    {NULL, NULL},
};

/* Those of flash are on since clock_set: they belong to its wait states. */
void family_start_caches(void) {
}

uintptr_t family_open_port(const struct board_pin *pin) {
    if (pin->port == 'G' && pin->number >= FIRST_PIN_ON_VDDIO2) {
        RCC_APB1ENR1 |= RCC_APB1ENR1_PWREN;
        (void)RCC_APB1ENR1; /* RM0432 6.2.18: a peripheral answers two clocks after it was enabled */
        PWR_CR2 |= PWR_CR2_IOSV;
    }
    RCC_AHB2ENR |= 1u << (pin->port - 'A');
    (void)RCC_AHB2ENR;
    return GPIO_BASE(pin->port);
}

volatile uint32_t *family_enable_register(enum board_bus bus) {
    switch (bus) {
    case BOARD_APB2:
        return &RCC_APB2ENR;
    case BOARD_APB1_SECOND:
        return &RCC_APB1ENR2;
    default:
        return &RCC_APB1ENR1;
    }
}

uint32_t family_baud_multiple(uintptr_t usart_base) {
    return usart_base == LPUART1_BASE ? 256 : 1; /* RM0432 50.4.7: a divider of 20 bits, in 256ths */
}
