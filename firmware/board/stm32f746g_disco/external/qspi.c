/* The serial flash of the 32F746GDISCOVERY: N25Q128A, 16 MB (UM1907); Micron's data sheet "128Mb, 3V, Multiple I/O Serial
 * Flash Memory". Pins: DS10916 table 12 and UM1907. */
#include "layout/external.h"

static const struct external_pins pins[] = {
    {.port = 'B', .mask = 0x0004, .alternate_function = 9},  /* CLK */
    {.port = 'B', .mask = 0x0040, .alternate_function = 10}, /* NCS */
    {.port = 'D', .mask = 0x3800, .alternate_function = 9},  /* IO0, IO1, IO3 */
    {.port = 'E', .mask = 0x0004, .alternate_function = 9},  /* IO2 */
};

const struct external_qspi external_qspi = {
    .pins = pins,
    .pins_count = sizeof pins / sizeof pins[0],
    .size_log2_bytes = 24,
    .maximum_hz = 108000000,
    .dummy_cycles = 10,
    .deselect_ns = 50,
};
