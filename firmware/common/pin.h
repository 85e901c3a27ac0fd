/* A pin of a port of GPIO. */
#ifndef MCUMATRIX_PIN_H
#define MCUMATRIX_PIN_H

#include <stdint.h>

#include "board.h"

/* Gives a pin to its alternate function; `gpio` is the base of its port, which has its clock. */
void pin_connect(const struct board_pin *pin, uintptr_t gpio);

#endif
