#include "family.h"

#include <stddef.h>

#include "cache.h"
#include "registers.h"

const struct family_register family_registers[] = {
    {"RCC_PLLCFGR", &RCC_PLLCFGR},
    {"RCC_CFGR", &RCC_CFGR},
    {"FLASH_ACR", &FLASH_ACR},
    {"DBGMCU_IDCODE", &DBGMCU_IDCODE},
    {NULL, NULL},
};

void family_start_caches(void) {
    cache_enable();
}

uintptr_t family_open_port(const struct board_pin *pin) {
    RCC_AHB1ENR |= 1u << (pin->port - 'A');
    (void)RCC_AHB1ENR; /* RM0385 5.2.13: a peripheral answers two clocks after it was enabled */
    return GPIO_BASE(pin->port);
}

volatile uint32_t *family_enable_register(enum board_bus bus) {
    return bus == BOARD_APB1 ? &RCC_APB1ENR : &RCC_APB2ENR;
}

uint32_t family_baud_multiple(uintptr_t usart_base) {
    (void)usart_base;
    return 1;
}
