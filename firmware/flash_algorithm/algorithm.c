/* Erases and programs the flash of a chip whose controller is as controller.h says. A debugger loads this into RAM and calls one function after the
 * other, with the stack pointer set and the return address at the very first instruction, which halts the core.
 * The names, arguments and results are those of CMSIS flash algorithms (Open-CMSIS-Pack, "Flash Programming").
 *
 * Nothing here is at a fixed address and nothing is kept from one call to the next. How long erasing may take is
 * up to the debugger, who has a clock: a count of polls that suffices at 216 MHz would at the 16 MHz after reset
 * last longer than any debugger waits.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core.h"
#include "controller.h"
#include "result.h"

#define FLASH_BASE 0x08000000u
#define ERASED_WORD 0xFFFFFFFFu
#define UNIT_BYTES (UNIT_WORDS * sizeof(uint32_t))

/* What Init and UnInit are told, as in CMSIS. */
#define FUNCTION_VERIFY 3u

/* Where the core halts after each call. Whoever lets it go on gets it back. */
__asm(".section .header, \"ax\"\n"
      "bkpt #0\n"
      "b . - 2\n"
      ".text\n");

static bool is_busy(void) {
    return FLASH_SR & FLASH_SR_BSY;
}

static bool is_in_flash(uint32_t address, uint32_t size_bytes) {
    uint32_t offset = address - FLASH_BASE;
    uint32_t flash_size_bytes = FLASH_SIZE_KB * 1024u;
    return offset < flash_size_bytes && size_bytes <= flash_size_bytes - offset;
}

static uint32_t refusal(uint32_t status) {
    uint32_t errors = status & FLASH_SR_ERRORS;
    return errors ? RESULT_REFUSED | errors : RESULT_DONE;
}

/* The barrier is for what follows: a store into flash is no access to a device, and could overtake this one. */
static void control(uint32_t bits) {
    FLASH_CR = FLASH_CR_ALWAYS | bits;
    core_data_barrier();
}

/* RM0385 3.3, "Flash erase sequences". */
static uint32_t erase(uint32_t what) {
    FLASH_SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    control(what);
    control(what | FLASH_CR_STRT);
    while (is_busy()) {
    }
    uint32_t result = refusal(FLASH_SR);
    control(0);
    return result;
}

/* RM0385 3.3, "Flash programming sequences", RM0432 3.3.7; PG is set. The barrier sees to it that all has arrived before
 * BSY is looked at, and that no two words are merged into a store of 64 bits, which PSIZE forbids. */
static uint32_t program_unit(volatile uint32_t *cells, const uint32_t *words) {
    for (uint32_t index = 0; index < UNIT_WORDS; index++) {
        cells[index] = words[index];
    }
    core_data_barrier();
    for (uint32_t poll = 0; poll < UNIT_POLLS; poll++) {
        uint32_t status = FLASH_SR;
        if (!(status & FLASH_SR_BSY)) {
            return refusal(status);
        }
    }
    return RESULT_BUSY;
}

/* Up to 4 bytes; what is missing of a word is as if erased. */
static uint32_t word_at(const uint8_t *buffer, uint32_t left_bytes) {
    if (left_bytes >= sizeof(uint32_t)) {
        return *(const uint32_t *)buffer;
    }
    uint32_t word = ERASED_WORD;
    while (left_bytes--) {
        word = word << 8 | buffer[left_bytes];
    }
    return word;
}

/* Takes the words of a unit from a buffer that has so many bytes left; whether any of them is not erased. */
static bool read_unit(uint32_t *words, const uint8_t *buffer, uint32_t left_bytes) {
    bool is_erased = true;
    for (uint32_t index = 0; index < UNIT_WORDS; index++) {
        uint32_t done_bytes = index * sizeof(uint32_t);
        words[index] = word_at(buffer + done_bytes, left_bytes > done_bytes ? left_bytes - done_bytes : 0);
        is_erased = is_erased && words[index] == ERASED_WORD;
    }
    return !is_erased;
}

/* Interrupts stay masked until the next reset: what they would run is being erased. The keys are written only
 * while the controller is locked: RM0385 3.3, "Unlocking the Flash control register", has a wrong sequence lock
 * it until reset, and when it is open already any key is wrong. */
uint32_t Init(uint32_t address, uint32_t clock_hz, uint32_t function) {
    (void)address;
    (void)clock_hz;
    core_mask_interrupts();
    if (is_busy()) {
        return RESULT_BUSY;
    }
    if (function != FUNCTION_VERIFY && FLASH_CR & FLASH_CR_LOCK) {
        FLASH_KEYR = FLASH_KEYR_KEY1;
        FLASH_KEYR = FLASH_KEYR_KEY2;
        core_data_barrier();
        if (FLASH_CR & FLASH_CR_LOCK) {
            return RESULT_LOCKED;
        }
    }
    return RESULT_DONE;
}

/* A write to CR while the controller is busy would stand still until it is ready (RM0385 3.3). */
uint32_t UnInit(uint32_t function) {
    (void)function;
    if (is_busy()) {
        return RESULT_BUSY;
    }
    control(FLASH_CR_LOCK);
    return RESULT_DONE;
}

uint32_t EraseChip(void) {
    return is_busy() ? RESULT_BUSY : erase(FLASH_CR_MER);
}

uint32_t EraseSector(uint32_t address) {
    if (!is_in_flash(address, 0)) {
        return RESULT_RANGE;
    }
    return is_busy() ? RESULT_BUSY : erase(FLASH_CR_SER | sector_bits(address - FLASH_BASE));
}

/* Units that stay erased are left out: the controller would take as long for them as for any other. */
uint32_t ProgramPage(uint32_t address, uint32_t size_bytes, const uint8_t *buffer) {
    if (address % UNIT_BYTES || !is_in_flash(address, size_bytes)) {
        return RESULT_RANGE;
    }
    if (is_busy()) {
        return RESULT_BUSY;
    }
    FLASH_SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    control(FLASH_CR_PG);
    for (uint32_t done_bytes = 0; done_bytes < size_bytes; done_bytes += UNIT_BYTES) {
        uint32_t words[UNIT_WORDS];
        if (read_unit(words, buffer + done_bytes, size_bytes - done_bytes)) {
            uint32_t result = program_unit((volatile uint32_t *)(address + done_bytes), words);
            if (result != RESULT_DONE) {
                if (!is_busy()) {
                    control(0);
                }
                return result | done_bytes / sizeof(uint32_t) << RESULT_WORD_POSITION;
            }
        }
    }
    control(0);
    return RESULT_DONE;
}
