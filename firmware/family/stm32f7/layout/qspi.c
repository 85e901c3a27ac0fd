/* A serial flash at QUADSPI, mapped into memory before anything reads it: RM0385 14.3.11. Its clock is right for the
 * clock of the image, and slower while the core runs from the HSI. */
#include "config.h"
#include "external.h"
#include "qspi_commands.h"
#include "registers.h"

/* What QUADSPI may have at all (RM0385 2.2.2). */
#define SPACE_BYTES (256u << 20)
#define KHZ 1000u

static void start_flash(void) {
    uint32_t divider = (CONFIG_CLOCK_HZ + external_qspi.maximum_hz - 1) / external_qspi.maximum_hz;
    uint32_t deselect_clocks = external_qspi.deselect_ns * (CONFIG_CLOCK_HZ / divider / KHZ) / 1000000u + 1;
    (void)qspi_start(divider, deselect_clocks);
    qspi_map();
    /* Normal memory, which the core may read ahead of what the program asks for: nothing may be read behind the flash. */
    external_protect(EXTERNAL_REGION_FLASH_SPACE, (uintptr_t)external_qspi_start, SPACE_BYTES, MPU_RASR_NO_EXECUTION);
    external_protect(EXTERNAL_REGION_FLASH, (uintptr_t)external_qspi_start, (uint32_t)external_qspi_size_bytes,
                     MPU_RASR_READ_ONLY | MPU_RASR_WRITE_THROUGH);
}

__attribute__((section(".preinit_array"), used)) static void (*const start_first)(void) = start_flash;
