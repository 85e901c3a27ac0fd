/* What a family of chips asks of a board: `board.c` in the board's folder fills it in. */
#ifndef MCUMATRIX_BOARD_H
#define MCUMATRIX_BOARD_H

#include <stdint.h>

/* The last is APB1 where its enable bits fill two registers: what is enabled in RCC_APB1ENR2. */
enum board_bus { BOARD_APB1, BOARD_APB2, BOARD_APB1_SECOND };

struct board_pin {
    char port;       /* 'A' is GPIOA */
    uint32_t number; /* 0 to 15 */
    uint32_t alternate_function;
};

struct board_serial {
    uintptr_t usart_base;
    enum board_bus bus;  /* the bus that clocks it */
    uint32_t enable_bit; /* in RCC_APB1ENR, RCC_APB2ENR or RCC_APB1ENR2 */
    uint32_t baud;
    struct board_pin tx;
    struct board_pin rx;
};

struct board {
    uint32_t hse_hz; /* external crystal or clock */
    struct board_serial serial;
};

extern const struct board board;

/* The pin for a current probe: energy_pin.c in the board's folder, compiled where it is asked for. Its alternate
 * function is not used. */
extern const struct board_pin board_energy_pin;

#endif
