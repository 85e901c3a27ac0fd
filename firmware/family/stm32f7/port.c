/* The parts of port.h that concern more than one peripheral. */
#include "port.h"

#include "cache.h"
#include "clock.h"
#include "cycles.h"
#include "registers.h"
#include "stack.h"
#include "usart.h"

bool port_init(uint32_t clock_hz) {
    bool clock_is_set = clock_set(clock_hz);
    cache_enable();
    cycles_start();
    usart_start();
    return clock_is_set;
}

struct port_clocks port_clocks(void) {
    return (struct port_clocks){
        .sysclk_hz = clock_sysclk_hz(),
        .hclk_hz = clock_hclk_hz(),
        .pclk1_hz = clock_pclk1_hz(),
        .pclk2_hz = clock_pclk2_hz(),
        .rcc_pllcfgr = RCC_PLLCFGR,
        .rcc_cfgr = RCC_CFGR,
        .flash_acr = FLASH_ACR,
    };
}

struct port_stack port_stack(void) {
    const uint32_t *deepest = stack_bottom;
    while (deepest < stack_top && *deepest == STACK_PATTERN) {
        deepest++;
    }
    return (struct port_stack){
        .used_bytes = (uint32_t)(stack_top - deepest) * sizeof *deepest,
        .size_bytes = (uint32_t)(stack_top - stack_bottom) * sizeof *deepest,
    };
}
