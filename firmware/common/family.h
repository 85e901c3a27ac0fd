/* What the common code asks of a family of chips, beside its clock.h and registers.h. */
#ifndef MCUMATRIX_FAMILY_H
#define MCUMATRIX_FAMILY_H

#include <stdint.h>

#include "board.h"

struct family_register {
    const char *name;
    const volatile uint32_t *address;
};

/* What is behind the clocks and the core's speed, and which chip it is (a virtual one says so); the last has no name. */
extern const struct family_register family_registers[];

/* Once the clock is set: what makes memory faster. */
void family_start_caches(void);

/* Lets a pin's port answer, with its clock and its supply; returns the port's base. */
uintptr_t family_open_port(const struct board_pin *pin);

/* The register of the enable bits of a bus; what is enabled answers after it was read back. */
volatile uint32_t *family_enable_register(enum board_bus bus);

/* How many times its clock the divider of a serial port counts. */
uint32_t family_baud_multiple(uintptr_t usart_base);

#endif
