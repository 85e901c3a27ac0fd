/* A serial port: 8 data bits, no parity, one stop bit, 16 times oversampling. */
#ifndef MCUMATRIX_USART_H
#define MCUMATRIX_USART_H

#include <stddef.h>
#include <stdint.h>

#include "board.h"

/* Starts a port at `baud` bits per second from the clocks as they are now; `interrupts` are bits of CR1. */
void usart_start(const struct board_serial *serial, uint32_t baud, uint32_t interrupts);

/* Polled; returns when the last byte has left the shift register. */
void usart_write(uintptr_t usart, const void *data, size_t size_bytes);

#endif
