/* The NUCLEO-L4R5ZI (UM2179, Arduino connectors): USART3, of which D1 is TX (PD8) and D0 is RX (PD9). */
#include "ports.h"

const struct second_port second_port = {
    .serial =
        {
            .usart_base = 0x40004800, /* USART3; RM0432 2.2 */
            .bus = BOARD_APB1,
            .enable_bit = 18, /* USART3EN; RM0432 6.4.19 */
            .baud = 115200,
            .tx = {.port = 'D', .number = 8, .alternate_function = 7}, /* DS12023, alternate function mapping */
            .rx = {.port = 'D', .number = 9, .alternate_function = 7},
        },
    .interrupt = USART3_POSITION,
    .console_interrupt = LPUART1_POSITION,
};

/* UM2179, Arduino connectors: D4 and D7, which nothing else on the board uses. */
const struct energy_mode_pins energy_mode_pins = {
    .timestamp = {.port = 'F', .number = 14},
    .wanted = {.port = 'F', .number = 13},
};

void USART3_handler(void) {
    second_port_interrupt();
}

void LPUART1_handler(void) {
    console_interrupt();
}
