/* The parts of port.h that concern more than one peripheral. */
#include "port.h"

#include <stddef.h>

#include "board.h"
#include "clock.h"
#include "cycles.h"
#include "family.h"
#include "usart.h"

bool port_init(uint32_t clock_hz) {
    bool clock_is_set = clock_set(clock_hz);
    family_start_caches();
    cycles_start();
    usart_start(&board.serial, board.serial.baud, 0);
    return clock_is_set;
}

uint32_t port_core_hz(void) {
    return clock_hclk_hz(); /* RM0385 figure 13, RM0432 figure 15: the core and its cycle counter run from HCLK */
}

struct port_named port_clock(uint32_t index) {
    switch (index) {
    case 0:
        return (struct port_named){"SYSCLK", clock_sysclk_hz()};
    case 1:
        return (struct port_named){"PCLK1", clock_pclk1_hz()};
    case 2:
        return (struct port_named){"PCLK2", clock_pclk2_hz()};
    default:
        return (struct port_named){NULL, 0};
    }
}

struct port_named port_register(uint32_t index) {
    const struct family_register *found = family_registers;
    while (found->name != NULL && index > 0) {
        found++;
        index--;
    }
    return (struct port_named){found->name, found->name == NULL ? 0 : *found->address};
}
