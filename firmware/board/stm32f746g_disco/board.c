/* The 32F746GDISCOVERY (UM1907): USART6 on the Arduino connector, D1 is TX (PC6), D0 is RX (PC7). */
#include "board.h"

const struct board board = {
    .hse_hz = 25000000, /* UM1907: crystal X2 */
    .serial =
        {
            .usart_base = 0x40011400, /* USART6; RM0385 2.2.2 */
            .bus = BOARD_APB2,
            .enable_bit = 5, /* USART6EN; RM0385 5.3.14 */
            .baud = 115200,
            .tx = {.port = 'C', .number = 6, .alternate_function = 8}, /* DS10916 table 12 */
            .rx = {.port = 'C', .number = 7, .alternate_function = 8},
        },
};
