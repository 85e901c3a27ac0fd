/* Erases and programs the serial flash of a board at QUADSPI, one of Micron's N25Q series. A debugger loads this into RAM
 * and calls one function after the other, with the stack pointer set and the return address at the very first
 * instruction, which halts the core. The names, arguments and results are those of CMSIS flash algorithms
 * (Open-CMSIS-Pack, "Flash Programming"); result.h says what a result other than 0 means, with the flag status register
 * of the flash in its lowest bits.
 *
 * After Init for verifying, and after UnInit, the flash is mapped into memory: the debugger reads it there. How long
 * erasing may take is up to the debugger, who has a clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "layout/qspi_commands.h"
#include "registers.h"
#include "result.h"

#define FUNCTION_VERIFY 3u /* as in CMSIS */

#define PAGE_BYTES 256u

/* HCLK by 4: 54 MHz at most, whatever clock a firmware has left. */
#define DIVIDER 4u
#define DESELECT_CLOCKS 4u

enum {
    PROGRAM = 0x02,
    READ_STATUS = 0x05,
    WRITE_ENABLE = 0x06,
    CLEAR_FLAGS = 0x50,
    READ_FLAGS = 0x70,
    ERASE_ALL = 0xC7,
    ERASE_SECTOR = 0xD8,
};

#define STATUS_BUSY (1u << 0)
/* Erase, program and protection: what is not to be. */
#define FLAGS_ERRORS (1u << 5 | 1u << 4 | 1u << 1)

/* Where the core halts after each call. Whoever lets it go on gets it back. */
__asm(".section .header, \"ax\"\n"
      "bkpt #0\n"
      "b . - 2\n"
      ".text\n");

/* Until the flash has done what it was told, as QUADSPI sees by itself (RM0385 14.3.10). */
static uint32_t wait_until_ready(void) {
    QUADSPI_PSMKR = STATUS_BUSY;
    QUADSPI_PSMAR = 0;
    QUADSPI_PIR = 16;
    QUADSPI_DLR = 0;
    QUADSPI_CCR = READ_STATUS | QUADSPI_CCR_IMODE_ONE | QUADSPI_CCR_DMODE_ONE | QUADSPI_CCR_FMODE_POLL;
    while (!(QUADSPI_SR & QUADSPI_SR_SMF)) {
    }
    QUADSPI_FCR = QUADSPI_FCR_ALL;
    uint32_t errors = qspi_ask(READ_FLAGS) & FLAGS_ERRORS;
    if (errors) {
        (void)qspi_instruct(CLEAR_FLAGS);
    }
    return errors ? RESULT_REFUSED | errors : RESULT_DONE;
}

static bool is_in_flash(uint32_t address, uint32_t size_bytes) {
    uint32_t offset = address - (uint32_t)external_qspi_start;
    uint32_t flash_size_bytes = (uint32_t)external_qspi_size_bytes;
    return offset < flash_size_bytes && size_bytes <= flash_size_bytes - offset;
}

/* Interrupts stay masked until the next reset: what they would run may be what is written. */
uint32_t Init(uint32_t address, uint32_t clock_hz, uint32_t function) {
    (void)address;
    (void)clock_hz;
    core_mask_interrupts();
    if (!qspi_start(DIVIDER, DESELECT_CLOCKS)) {
        return RESULT_BUSY;
    }
    uint32_t result = wait_until_ready();
    if (result == RESULT_DONE && function == FUNCTION_VERIFY) {
        qspi_map();
    }
    return result;
}

uint32_t UnInit(uint32_t function) {
    (void)function;
    if (!(QUADSPI_SR & QUADSPI_SR_BUSY)) {
        qspi_map();
    }
    return RESULT_DONE;
}

uint32_t EraseChip(void) {
    return qspi_instruct(WRITE_ENABLE) && qspi_instruct(ERASE_ALL) ? wait_until_ready() : RESULT_BUSY;
}

uint32_t EraseSector(uint32_t address) {
    if (!is_in_flash(address, 0)) {
        return RESULT_RANGE;
    }
    if (!qspi_instruct(WRITE_ENABLE)) {
        return RESULT_BUSY;
    }
    QUADSPI_CCR = ERASE_SECTOR | QUADSPI_CCR_IMODE_ONE | QUADSPI_CCR_ADMODE_ONE | QUADSPI_CCR_ADSIZE_24;
    QUADSPI_AR = address - (uint32_t)external_qspi_start;
    return qspi_finish() ? wait_until_ready() : RESULT_BUSY;
}

static bool is_erased(const uint8_t *data, uint32_t size_bytes) {
    for (uint32_t index = 0; index < size_bytes; index++) {
        if (data[index] != 0xFF) {
            return false;
        }
    }
    return true;
}

/* Pages that stay erased are left out: the flash would take as long for them as for any other. */
uint32_t ProgramPage(uint32_t address, uint32_t size_bytes, const uint8_t *buffer) {
    if (address % PAGE_BYTES || !is_in_flash(address, size_bytes)) {
        return RESULT_RANGE;
    }
    for (uint32_t done_bytes = 0; done_bytes < size_bytes; done_bytes += PAGE_BYTES) {
        uint32_t left_bytes = size_bytes - done_bytes;
        uint32_t part_bytes = left_bytes < PAGE_BYTES ? left_bytes : PAGE_BYTES;
        uint32_t offset = address + done_bytes - (uint32_t)external_qspi_start;
        if (is_erased(buffer + done_bytes, part_bytes)) {
            continue;
        }
        uint32_t result = RESULT_BUSY;
        if (qspi_instruct(WRITE_ENABLE) && qspi_send(PROGRAM | QUADSPI_CCR_ADMODE_ONE | QUADSPI_CCR_ADSIZE_24, offset,
                                           buffer + done_bytes, part_bytes)) {
            result = wait_until_ready();
        }
        if (result != RESULT_DONE) {
            return result | done_bytes / sizeof(uint32_t) << RESULT_WORD_POSITION;
        }
    }
    return RESULT_DONE;
}
