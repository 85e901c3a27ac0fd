/* The 32F746GDISCOVERY (UM1907, Arduino connectors): UART7, of which A4 of the Arduino connector is TX (PF7) and A5 is
 * RX (PF6). */
#include "ports.h"

const struct second_port second_port = {
    .serial =
        {
            .usart_base = 0x40007800, /* UART7; RM0385 2.2.2 */
            .bus = BOARD_APB1,
            .enable_bit = 30, /* UART7EN; RM0385 5.3.13 */
            .baud = 115200,
            .tx = {.port = 'F', .number = 7, .alternate_function = 8}, /* DS10916 table 12 */
            .rx = {.port = 'F', .number = 6, .alternate_function = 8},
        },
    .interrupt = UART7_POSITION,
    .console_interrupt = USART6_POSITION,
};

/* UM1907, Arduino connectors: D4 and D7, which nothing else on the board uses. */
const struct energy_mode_pins energy_mode_pins = {
    .timestamp = {.port = 'G', .number = 7},
    .wanted = {.port = 'I', .number = 3},
};

void UART7_handler(void) {
    second_port_interrupt();
}

void USART6_handler(void) {
    console_interrupt();
}
