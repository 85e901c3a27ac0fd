/* SDRAM at bank 1 of FMC: RM0385 13.7.3, "SDRAM initialization". It is set up before anything is put there, while the
 * core runs from the HSI; times are those that the clock of the image needs, which are longer than at 16 MHz. How often
 * it is refreshed has to be told anew when the clock has changed. */
#include <stdbool.h>

#include "clock.h"
#include "config.h"
#include "core.h"
#include "external.h"
#include "registers.h"

/* From the linker script: addresses of symbols. */
extern uint8_t external_sdram_start[], external_sdram_size_bytes[];

/* FMC divides HCLK by 2 or 3 (RM0385 13.7.5): by 2 up to the rated clock, as ST's own drivers do, though the data sheets
 * of the family name 100 MHz (FMC, SDRAM). */
#define DIVIDER (CONFIG_CLOCK_HZ > CLOCK_RATED_HZ ? 3u : 2u)
#define SDRAM_HZ (CONFIG_CLOCK_HZ / DIVIDER)
#define KHZ 1000u

/* A turn of a loop takes a cycle at least, whatever the clock is: a debugger may have started the program again. */
#define TURNS_IN_US (CLOCK_MAX_HZ / 1000000u)

/* RM0385 13.7.5, SDRTR: what is taken off the time between two refreshes, for an access that is under way. */
#define REFRESH_MARGIN 20u
#define REFRESH_LEAST 41u

#define POLLS 100000u

/* As a field of SDTR: one less than the clocks that last so long. */
static uint32_t clocks(uint32_t ns) {
    uint32_t needed = (ns * (SDRAM_HZ / KHZ) + 999999u) / 1000000u;
    return needed > 1 ? needed - 1 : 0;
}

static void send(uint32_t command) {
    FMC_SDCMR = command | FMC_SDCMR_BANK_1;
    for (uint32_t poll = 0; poll < POLLS && FMC_SDSR & FMC_SDSR_BUSY; poll++) {
    }
}

static void refresh_at(uint32_t hclk_hz) {
    uint32_t rows_in_ms = (1u << external_sdram.row_bits) / external_sdram.refresh_ms;
    uint32_t count = hclk_hz / DIVIDER / KHZ / rows_in_ms;
    count = count > REFRESH_MARGIN + REFRESH_LEAST ? count - REFRESH_MARGIN : REFRESH_LEAST;
    FMC_SDRTR = count << FMC_SDRTR_COUNT_POSITION;
}

static void start_sdram(void) {
    const struct external_sdram *sdram = &external_sdram;
    external_connect(sdram->pins, sdram->pins_count);
    RCC_AHB3ENR |= RCC_AHB3ENR_FMCEN;
    (void)RCC_AHB3ENR;
    FMC_SDCR1 = (sdram->column_bits - 8) << FMC_SDCR_NC_POSITION | (sdram->row_bits - 11) << FMC_SDCR_NR_POSITION |
                sdram->data_bits / 16 << FMC_SDCR_MWID_POSITION | FMC_SDCR_NB |
                sdram->cas_latency << FMC_SDCR_CAS_POSITION | DIVIDER << FMC_SDCR_SDCLK_POSITION | FMC_SDCR_RBURST;
    FMC_SDTR1 = (sdram->load_mode_clocks - 1) << FMC_SDTR_TMRD_POSITION |
                clocks(sdram->exit_self_refresh_ns) << FMC_SDTR_TXSR_POSITION |
                clocks(sdram->row_active_ns) << FMC_SDTR_TRAS_POSITION |
                clocks(sdram->row_cycle_ns) << FMC_SDTR_TRC_POSITION |
                clocks(sdram->write_recovery_ns) << FMC_SDTR_TWR_POSITION |
                clocks(sdram->precharge_ns) << FMC_SDTR_TRP_POSITION |
                clocks(sdram->active_to_read_ns) << FMC_SDTR_TRCD_POSITION;
    send(FMC_SDCMR_ENABLE_CLOCK);
    for (uint32_t turn = 0; turn < sdram->power_up_us * TURNS_IN_US; turn++) {
        __asm volatile("");
    }
    send(FMC_SDCMR_PRECHARGE_ALL);
    send(FMC_SDCMR_AUTO_REFRESH | (sdram->power_up_refreshes - 1) << FMC_SDCMR_NRFS_POSITION);
    /* A burst is one access, for which FMC waits (RM0385 13.7.3). */
    send(FMC_SDCMR_LOAD_MODE |
         (sdram->cas_latency << FMC_MODE_CAS_POSITION | FMC_MODE_SINGLE_WRITES) << FMC_SDCMR_MRD_POSITION);
    refresh_at(clock_hclk_hz());
    core_data_barrier();
    /* By itself this is the address of a device: not cached, and faulting on what is not aligned (PM0253 2.2.1). */
    external_protect(EXTERNAL_REGION_SDRAM, (uintptr_t)external_sdram_start, (uint32_t)external_sdram_size_bytes,
                     MPU_RASR_NO_EXECUTION | MPU_RASR_FULL_ACCESS | MPU_RASR_WRITE_BACK);
}

__attribute__((section(".preinit_array"), used)) static void (*const start_first)(void) = start_sdram;

/* In place of clock_set (clock.h), which goes over the HSI: for as long as that takes rows keep what they have. */
bool __real_clock_set(uint32_t sysclk_hz);
bool __wrap_clock_set(uint32_t sysclk_hz);

bool __wrap_clock_set(uint32_t sysclk_hz) {
    bool is_set = __real_clock_set(sysclk_hz);
    refresh_at(clock_hclk_hz());
    return is_set;
}
