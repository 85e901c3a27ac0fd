/* The SDRAM of the 32F746GDISCOVERY: MT48LC4M32B2, with its lower 16 data lines (UM1907). Times of the slowest grade,
 * -7, in Micron's data sheet "128Mb: x32 SDRAM". Pins: DS10916 table 12 and UM1907. */
#include "layout/external.h"

#define FMC_FUNCTION 12 /* DS10916 table 12 */

static const struct external_pins pins[] = {
    {.port = 'C', .mask = 0x0008, .alternate_function = FMC_FUNCTION}, /* SDCKE0 */
    {.port = 'D', .mask = 0xC703, .alternate_function = FMC_FUNCTION}, /* D0 to D3, D13 to D15 */
    {.port = 'E', .mask = 0xFF83, .alternate_function = FMC_FUNCTION}, /* NBL0, NBL1, D4 to D12 */
    {.port = 'F', .mask = 0xF83F, .alternate_function = FMC_FUNCTION}, /* A0 to A9, SDNRAS */
    {.port = 'G', .mask = 0x8133, .alternate_function = FMC_FUNCTION}, /* A10, A11, BA0, BA1, SDCLK, SDNCAS */
    {.port = 'H', .mask = 0x0028, .alternate_function = FMC_FUNCTION}, /* SDNE0, SDNWE */
};

const struct external_sdram external_sdram = {
    .pins = pins,
    .pins_count = sizeof pins / sizeof pins[0],
    .column_bits = 8,
    .row_bits = 12,
    .data_bits = 16,
    .cas_latency = 3,
    .active_to_read_ns = 20,
    .precharge_ns = 20,
    .row_cycle_ns = 70,
    .row_active_ns = 42,
    .exit_self_refresh_ns = 70,
    .write_recovery_ns = 14,
    .load_mode_clocks = 2,
    .power_up_us = 100,
    .power_up_refreshes = 2,
    .refresh_ms = 64,
};
