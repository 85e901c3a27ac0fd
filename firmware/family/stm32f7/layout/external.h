/* Memories of a board beside its chip: what their drivers ask of the board, which says it in the folder `external` of
 * its own. None of it is in an image that has nothing there. */
#ifndef MCUMATRIX_STM32F7_EXTERNAL_H
#define MCUMATRIX_STM32F7_EXTERNAL_H

#include <stddef.h>
#include <stdint.h>

struct external_pins {
    char port;     /* 'A' is GPIOA */
    uint16_t mask; /* bit 0 is pin 0 */
    uint8_t alternate_function;
};

/* An SDRAM at bank 1 of FMC, with four banks of its own. */
struct external_sdram {
    const struct external_pins *pins;
    size_t pins_count;
    uint32_t column_bits; /* 8 to 11 */
    uint32_t row_bits;    /* 11 to 13 */
    uint32_t data_bits;   /* 8, 16 or 32 */
    uint32_t cas_latency; /* 1 to 3 */
    uint32_t active_to_read_ns;
    uint32_t precharge_ns;
    uint32_t row_cycle_ns;
    uint32_t row_active_ns;
    uint32_t exit_self_refresh_ns;
    uint32_t write_recovery_ns;
    uint32_t load_mode_clocks;
    uint32_t power_up_us;
    uint32_t power_up_refreshes; /* 1 to 16 */
    uint32_t refresh_ms;         /* within which each row is to be refreshed */
};

extern const struct external_sdram external_sdram;

/* A serial flash at QUADSPI with the commands of Micron's N25Q series. */
struct external_qspi {
    const struct external_pins *pins;
    size_t pins_count;
    uint32_t size_log2_bytes;
    uint32_t maximum_hz;
    uint32_t dummy_cycles; /* of a read with address and data on four lines at that clock */
    uint32_t deselect_ns;  /* between two commands */
};

extern const struct external_qspi external_qspi;

/* Connects pins to their peripheral, at the highest speed. */
void external_connect(const struct external_pins *pins, size_t count);

/* Regions of the MPU; 0 is that of layout/stack_guard.c. A higher number counts where two overlap. */
enum external_region { EXTERNAL_REGION_SDRAM = 1, EXTERNAL_REGION_FLASH_SPACE = 2, EXTERNAL_REGION_FLASH = 3 };

/* Makes a region of the MPU, of a size that is a power of two, with attributes as in RASR; all else is as without an
 * MPU. */
void external_protect(enum external_region region, uintptr_t start, uint32_t size_bytes, uint32_t attributes);

#endif
