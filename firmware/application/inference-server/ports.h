/* What the inference server asks of a board: a file under board/ fills it in. */
#ifndef MCUMATRIX_INFERENCE_SERVER_PORTS_H
#define MCUMATRIX_INFERENCE_SERVER_PORTS_H

#include <stdint.h>

#include "board.h"

/* The positions of the chip's interrupts, such as USART6_POSITION. */
enum interrupt_position {
#define INTERRUPT(name) name##_POSITION,
#include "interrupts.h"
#undef INTERRUPT
};

struct second_port {
    struct board_serial serial;
    enum interrupt_position interrupt;
    enum interrupt_position console_interrupt; /* of board.serial */
};

extern const struct second_port second_port;

/* Pins of the energy mode of MLPerf Tiny; their alternate functions are not used. */
struct energy_mode_pins {
    struct board_pin timestamp; /* open drain */
    struct board_pin wanted;    /* wired to ground at reset: the mode is wanted */
};

extern const struct energy_mode_pins energy_mode_pins;

/* The handlers of these interrupts, which the board's file gives their names. */
void second_port_interrupt(void);
void console_interrupt(void);

#endif
