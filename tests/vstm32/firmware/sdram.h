/* What sets up the SDRAM of a 32F746GDISCOVERY at 16 MHz. */
#pragma once
#include "board.h"

#define SDRAM 0xC0000000u
#define RCC_AHB3ENR 0x40023838u
#define FMC(offset) REG(0xA0000000u + (offset))
#define BANK_1 (1u << 4)
#ifndef CONTROL
/* 12 row bits, 16 data lines, 4 banks, CAS latency 3, HCLK/2, RBURST. */
#define CONTROL (1u << 2 | 1u << 4 | 1u << 6 | 3u << 7 | 2u << 10 | 1u << 12)
#endif
#define TIMES (1u | 7u << 4 | 4u << 8 | 7u << 12 | 1u << 16 | 2u << 20 | 2u << 24)
#define MODE_REGISTER (3u << 4 | 1u << 9)
#define REFRESH 104u

static inline void alternate(uint32_t port, uint32_t pins, uint32_t function) {
    uint32_t base = 0x40020000u + 0x400u * port;
    for (uint32_t pin = 0; pin < 16; pin++) {
        if (pins >> pin & 1) {
            REG(base) = (REG(base) & ~(3u << 2 * pin)) | 2u << 2 * pin;
            REG(base + 0x20 + pin / 8 * 4) |= function << 4 * (pin % 8);
        }
    }
}

static inline void sdram_on(void) {
    REG(RCC_AHB1ENR) |= 0xFF;
#ifndef NO_PINS
    alternate(2, 1u << 3, 12);
    alternate(3, 0xC703, 12);
    alternate(4, 0xFF83, 12);
    alternate(5, 0xF83F, 12);
    alternate(6, 0x8133, 12);
    alternate(7, 0x28, 12);
#endif
    REG(RCC_AHB3ENR) |= 1;
    FMC(0x140) = CONTROL;
    FMC(0x148) = TIMES;
    FMC(0x150) = 1 | BANK_1;
    for (volatile uint32_t turn = 0; turn < 400; turn++) {
    }
    FMC(0x150) = 2 | BANK_1;
    FMC(0x150) = 3 | BANK_1 | 1u << 5;
    FMC(0x150) = 4 | BANK_1 | MODE_REGISTER << 9;
    FMC(0x154) = REFRESH << 1;
}

/* An MPU region of 8 MB there: normal memory, write-back, write-allocate. */
static inline void sdram_normal(void) {
    REG(0xE000ED98u) = 0;
    REG(0xE000ED9Cu) = SDRAM;
    REG(0xE000EDA0u) = 3u << 24 | 1u << 19 | 3u << 16 | 22u << 1 | 1u;
    REG(0xE000ED94u) = 5;
    __asm volatile("dsb\n isb" ::: "memory");
}
