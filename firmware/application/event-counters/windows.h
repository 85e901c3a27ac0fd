/* What the event counters of the DWT count while something runs, in spite of their eight bits: SysTick interrupts it so often
 * that none of them can wrap in between, and adds up. docs/timing.md says what becomes of these sums. */
#ifndef MCUMATRIX_EVENT_COUNTERS_WINDOWS_H
#define MCUMATRIX_EVENT_COUNTERS_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"

/* In the order of their registers. */
enum windows_counter {
    WINDOWS_CYCLES,
    WINDOWS_CPI,
    WINDOWS_EXCEPTION,
    WINDOWS_SLEEP,
    WINDOWS_LOAD_STORE,
    WINDOWS_FOLDED,
    WINDOWS_COUNTERS
};

struct windows_sums {
    uint64_t sums[WINDOWS_COUNTERS]; /* with what the interrupts add; of one window alone modulo 256, but for the cycles */
    uint32_t interrupts;             /* windows but for the last one */
    uint32_t longest_cycles;         /* of a window: above 255 a counter may have wrapped in it */
};

/* DWT_CTRL, which says whether the core has event counters. */
uint32_t windows_control(void);

/* Whether it has: DWT_CTRL.NOPRFCNT is clear. */
bool windows_can_count(void);

/* Each window is up to so many cycles longer than the shortest, by turns that have no pattern: a loop is so interrupted at
 * each of its places. */
#define WINDOWS_SPREAD_CYCLES 15u

/* What is to be called right before a layer and right behind it. */
struct windows_edges {
    runtime_layer_edge *begin, *end;
};

/* Lets the counters count, and takes SysTick away from whoever has it until windows_close. `sums` has an element for each
 * layer, which is zero. Windows last for `period_cycles` and what an interrupt takes, up to WINDOWS_SPREAD_CYCLES more; for 0
 * a layer is one window. */
struct windows_edges windows_open(uint32_t period_cycles, struct windows_sums *sums);

/* Gives SysTick back, and stops the counters. */
void windows_close(void);

#endif
