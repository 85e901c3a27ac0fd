/* Fields of registers, and waiting for them. */
#ifndef MCUMATRIX_REGISTER_ACCESS_H
#define MCUMATRIX_REGISTER_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Much longer than the slowest of what is waited for takes: a PLL locks within 300 us (DS10916 table 44; 40 us by
 * DS12023), and a turn of the loop takes at least 0.2 us at 16 MHz. */
#define WAIT_TURNS 100000u

/* Whether the bits of a mask became a value. */
static inline bool wait_for(const volatile uint32_t *address, uint32_t mask, uint32_t value) {
    for (uint32_t turn = 0; turn < WAIT_TURNS; turn++) {
        if ((*address & mask) == value) {
            return true;
        }
    }
    return false;
}

/* Writes a field, of which the mask is that of its lowest bits. */
static inline void set_field(volatile uint32_t *address, uint32_t position, uint32_t mask, uint32_t value) {
    *address = (*address & ~(mask << position)) | value << position;
}

#endif
