#include "qspi_commands.h"

#include "core.h"
#include "external.h"
#include "registers.h"

enum { WRITE_ENABLE = 0x06, RESET_ENABLE = 0x66, WRITE_VOLATILE = 0x81, RESET = 0x99, READ_QUAD = 0xEB };

/* Much more than a page takes at the slowest. */
#define POLLS 1000000u
/* A reset takes 40 us at most while nothing is being written; a turn of a loop takes a cycle at least. */
#define RESET_TURNS (40u * 432u)

static bool wait_until(uint32_t mask, uint32_t value) {
    for (uint32_t poll = 0; poll < POLLS; poll++) {
        if ((QUADSPI_SR & mask) == value) {
            return true;
        }
    }
    return false;
}

bool qspi_finish(void) {
    bool is_done = wait_until(QUADSPI_SR_TCF, QUADSPI_SR_TCF);
    QUADSPI_FCR = QUADSPI_FCR_ALL;
    return wait_until(QUADSPI_SR_BUSY, 0) && is_done;
}

bool qspi_instruct(uint32_t instruction) {
    QUADSPI_CCR = instruction | QUADSPI_CCR_IMODE_ONE;
    return qspi_finish();
}

bool qspi_send(uint32_t control, uint32_t address, const uint8_t *data, uint32_t size_bytes) {
    QUADSPI_DLR = size_bytes - 1;
    QUADSPI_CCR = control | QUADSPI_CCR_IMODE_ONE | QUADSPI_CCR_DMODE_ONE;
    if (control & QUADSPI_CCR_ADMODE_ONE) {
        QUADSPI_AR = address;
    }
    /* Each waits while the FIFO is full (RM0385 14.3.4). */
    uint32_t done_bytes = 0;
    for (; size_bytes - done_bytes >= sizeof(uint32_t); done_bytes += sizeof(uint32_t)) {
        uint32_t word;
        __builtin_memcpy(&word, data + done_bytes, sizeof word);
        QUADSPI_DR = word;
    }
    for (; done_bytes < size_bytes; done_bytes++) {
        QUADSPI_DR_BYTE = data[done_bytes];
    }
    return qspi_finish();
}

uint8_t qspi_ask(uint32_t instruction) {
    QUADSPI_DLR = 0;
    QUADSPI_CCR = instruction | QUADSPI_CCR_IMODE_ONE | QUADSPI_CCR_DMODE_ONE | QUADSPI_CCR_FMODE_READ;
    uint8_t answer = QUADSPI_DR_BYTE;
    return qspi_finish() ? answer : 0xFF;
}

bool qspi_start(uint32_t divider, uint32_t deselect_clocks) {
    external_connect(external_qspi.pins, external_qspi.pins_count);
    RCC_AHB3ENR |= RCC_AHB3ENR_QSPIEN;
    (void)RCC_AHB3ENR; /* RM0385 5.2.13: a peripheral answers two clocks after it was enabled */
    if (QUADSPI_CR & QUADSPI_CR_EN) {
        /* A debugger, or a firmware before, has left it mapped. */
        QUADSPI_CR |= QUADSPI_CR_ABORT;
        (void)wait_until(QUADSPI_SR_BUSY, 0);
        QUADSPI_FCR = QUADSPI_FCR_ALL;
    }
    QUADSPI_DCR = (external_qspi.size_log2_bytes - 1) << QUADSPI_DCR_FSIZE_POSITION |
                  (deselect_clocks - 1) << QUADSPI_DCR_CSHT_POSITION;
    /* Data are taken half a clock later: at the highest clock they need longer than that (RM0385 14.3.2, SSHIFT). */
    QUADSPI_CR = (divider - 1) << QUADSPI_CR_PRESCALER_POSITION | QUADSPI_CR_APMS | QUADSPI_CR_SSHIFT | QUADSPI_CR_EN;
    if (!qspi_instruct(RESET_ENABLE) || !qspi_instruct(RESET)) {
        return false;
    }
    for (uint32_t turn = 0; turn < RESET_TURNS; turn++) {
        __asm volatile("");
    }
    return true;
}

void qspi_map(void) {
    /* Dummy cycles, and no XIP and no wrap. */
    uint8_t volatile_configuration = (uint8_t)(external_qspi.dummy_cycles << 4 | 0xBu);
    (void)qspi_instruct(WRITE_ENABLE);
    (void)qspi_send(WRITE_VOLATILE, 0, &volatile_configuration, 1);
    QUADSPI_CCR = READ_QUAD | QUADSPI_CCR_IMODE_ONE | QUADSPI_CCR_ADMODE_FOUR | QUADSPI_CCR_ADSIZE_24 |
                  external_qspi.dummy_cycles << QUADSPI_CCR_DCYC_POSITION | QUADSPI_CCR_DMODE_FOUR |
                  QUADSPI_CCR_FMODE_MAPPED;
    core_data_barrier();
}
