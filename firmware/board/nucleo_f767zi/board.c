/* The NUCLEO-F767ZI (UM1974): USART3 goes to the virtual COM port of the ST-LINK, PD8 is TX, PD9 is RX. */
#include "board.h"

const struct board board = {
    .hse_hz = 8000000, /* UM1974: MCO of the ST-LINK, not a crystal */
    .serial =
        {
            .usart_base = 0x40004800, /* USART3; RM0410 2.2.2 */
            .bus = BOARD_APB1,
            .enable_bit = 18, /* USART3EN; RM0410 5.3.13 */
            .baud = 115200,
            .tx = {.port = 'D', .number = 8, .alternate_function = 7}, /* DS11532, alternate function mapping */
            .rx = {.port = 'D', .number = 9, .alternate_function = 7},
        },
};
