/* What a board offers to the benchmark: start, count cycles, read, write. */
#ifndef MCUMATRIX_PORT_H
#define MCUMATRIX_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sets the core clock to `clock_hz` and starts caches, cycle counter and serial port. Returns false, with the
 * serial port running from the reset clock, if the clock cannot be made or does not start. */
bool port_init(uint32_t clock_hz);

/* The core clock in Hz, worked out from the registers as they are now: what port_cycles counts. */
uint32_t port_core_hz(void);

/* Something of the chip by the name that its manual has: at most 63 printable characters, without a space. */
struct port_named {
    const char *name;
    uint32_t value;
};

/* Clock number `index` of those that the chip has beside that of the core, in Hz, and register number `index` of
 * those that the clocks come from and the one that says which chip it is, all as they are now. They are said with
 * every measurement, for people to check, and so that a virtual chip cannot pass for a real one.
 * Behind the last one the name is NULL. */
struct port_named port_clock(uint32_t index);
struct port_named port_register(uint32_t index);

/* Core clock cycles since port_init; 64 bits, so it does not wrap. */
uint64_t port_cycles(void);

/* Call before each inference that is measured: puts the port's periodic interrupt, if it has one, into the same
 * phase, so that it falls on the same places of every inference. */
void port_align_interrupts(void);

/* Sets the board's pin for a current probe high while an inference runs, and low after. Only in images that are made
 * for one (MCUMATRIX_ENERGY); a board and a family that have such a pin have a file energy_pin.c each. */
void port_mark_window(bool is_open);

/* What port_read returns where a byte was lost or came damaged. */
#define PORT_BYTE_LOST (-1)

/* Waits for one byte from the serial port: 0 to 255, or PORT_BYTE_LOST. */
int port_read(void);

/* Writes to the serial port; returns when the last byte has left the shift register, so that nothing of it
 * falls into a measurement. */
void port_write(const void *data, size_t size_bytes);

/* How deep the stack is where this is called, in bytes; without what the call itself takes. */
uint32_t port_stack_depth_bytes(void);

/* Fills what is free of the stack with a pattern, so that port_stack tells what is used from now on. */
void port_stack_paint(void);

/* How deep the stack has been, and how deep it may be, in bytes. */
struct port_stack {
    uint32_t used_bytes;    /* since the last port_stack_paint, or since reset */
    uint32_t deepest_bytes; /* since reset */
    uint32_t size_bytes;
};

struct port_stack port_stack(void);

#ifdef __cplusplus
}
#endif

#endif
