/* The board's serial port, polled, 8 data bits, no parity, one stop bit. */
#ifndef MCUMATRIX_USART_H
#define MCUMATRIX_USART_H

/* Starts the port at the board's baud rate from the clocks as they are now. */
void usart_start(void);

#endif
