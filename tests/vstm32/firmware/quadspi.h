/* Commands to the serial flash of a 32F746GDISCOVERY. */
#pragma once
#include "sdram.h"

#define QSPI(offset) REG(0xA0001000u + (offset))
#define QCR QSPI(0x00)
#define QDCR QSPI(0x04)
#define QSR QSPI(0x08)
#define QFCR QSPI(0x0C)
#define QDLR QSPI(0x10)
#define QCCR QSPI(0x14)
#define QAR QSPI(0x18)
#define QDR QSPI(0x20)
#define MAPPED 0x90000000u
#define TCF 2u
#define QBUSY 0x20u
#ifndef PRESCALER
#define PRESCALER 1u
#endif
/* Instruction, address and data, each on one line. */
#define I1 (1u << 8)
#define A1 (1u << 10 | 2u << 12)
#define D1 (1u << 24)
#define READING (1u << 26)
#define POLLING (2u << 26)
/* 1-4-4 with ten dummy cycles, mapped. */
#define MAPPED_QUAD (0xEBu | I1 | 3u << 10 | 2u << 12 | 10u << 18 | 3u << 24 | 3u << 26)

static inline void quadspi_on(void) {
    REG(RCC_AHB1ENR) |= 0xFF;
    alternate(1, 1u << 2, 9);
    alternate(1, 1u << 6, 10);
    alternate(3, 0x3800, 9);
    alternate(4, 1u << 2, 9);
    REG(RCC_AHB3ENR) |= 2;
    QDCR = 23u << 16 | 1u << 8;
    QCR = PRESCALER << 24 | 1u << 22 | 3u << 8 | 1u;
}

static inline void done(void) {
    while (!(QSR & TCF)) {
    }
    QFCR = TCF;
}

static inline uint32_t read_bytes(uint32_t control, uint32_t count) {
    QDLR = count - 1;
    QCCR = control | I1 | D1 | READING;
    uint32_t value = QDR;
    done();
    return value;
}

static inline void instruct(uint32_t instruction) {
    QCCR = instruction | I1;
    done();
}

static inline void until_ready(void) {
    QSPI(0x24) = 1;
    QSPI(0x28) = 0;
    QSPI(0x2C) = 0x10;
    QDLR = 0;
    QCCR = 0x05 | I1 | D1 | POLLING;
    while (!(QSR & 8)) {
    }
    QFCR = 8;
}

static inline void erase(uint32_t instruction, uint32_t address) {
    instruct(0x06);
    QCCR = instruction | I1 | A1;
    QAR = address;
    done();
}

static inline void program(uint32_t address, uint32_t word) {
    instruct(0x06);
    QDLR = 3;
    QCCR = 0x02 | I1 | A1 | D1;
    QAR = address;
    QDR = word;
    done();
    until_ready();
}
