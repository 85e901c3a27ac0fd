/* What a board offers to the inference server besides port.h: a second serial port, and a console that keeps what comes
 * while nobody reads it. A file under board/ says which ports these are. */
#ifndef MCUMATRIX_INFERENCE_SERVER_SECOND_PORT_H
#define MCUMATRIX_INFERENCE_SERVER_SECOND_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts the second port at the board's baud rate, or that of energy_mode.h, 8 data bits, no parity, one stop bit; each byte that comes is handed
 * to server_hear, each that was lost to server_miss, in an interrupt. After port_init. */
void second_port_start(void);

/* Writes to the second port; returns when the last byte has left the shift register. */
void second_port_write(const void *data, size_t size_bytes);

/* Between these, what comes over the console is kept by an interrupt. */
void console_keep_begin(void);
void console_keep_end(void);

/* The next byte that was kept, PORT_BYTE_LOST, or CONSOLE_NOTHING_KEPT. */
#define CONSOLE_NOTHING_KEPT (-2)
int console_kept(void);

/* Whether port_read would return at once. */
bool console_has_byte(void);

#ifdef __cplusplus
}
#endif

#endif
