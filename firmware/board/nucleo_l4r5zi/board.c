/* The NUCLEO-L4R5ZI (UM2179): LPUART1 goes to the virtual COM port of the ST-LINK, PG7 is TX, PG8 is RX. */
#include "board.h"

const struct board board = {
    .hse_hz = 8000000, /* UM2179: MCO of the ST-LINK where its solder bridge is closed; nothing here runs from it */
    .serial =
        {
            .usart_base = 0x40008000, /* LPUART1; RM0432 2.2 */
            .bus = BOARD_APB1_SECOND,
            .enable_bit = 0, /* LPUART1EN; RM0432 6.4.20 */
            .baud = 115200,
            .tx = {.port = 'G', .number = 7, .alternate_function = 8}, /* DS12023, alternate function mapping */
            .rx = {.port = 'G', .number = 8, .alternate_function = 8},
        },
};
