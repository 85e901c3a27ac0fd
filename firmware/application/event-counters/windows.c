#include "windows.h"

#include <stddef.h>

#include "core.h"
#include "core_registers.h"
#include "event_registers.h"

#define VECTORS 128u /* as many as the chips have, rounded up to what VTOR can point at; see image.ld */
#define SYSTICK_VECTOR 15u

/* In memory of its own, which is not zeroed; see image.ld. */
#define OWN __attribute__((section(".sram2")))

OWN __attribute__((aligned(4 * VECTORS))) static uint32_t vectors[VECTORS];
OWN static struct windows_sums *all, *current;
OWN static uint32_t before[WINDOWS_COUNTERS];
OWN static uint32_t period, control; /* what SysTick gets */
OWN static uint32_t turns;           /* a shift register of 16 bits, never 0 */
OWN static uint32_t vectors_of_all, period_of_all, control_of_all;

/* What runs within a layer or right beside it. Where flash has but a small cache, this is executed from RAM: so it takes
 * nothing out of that cache which the layer needs, and an interrupt adds the same each time. It calls nothing and has its
 * constants beside it, and may so lie anywhere; image.ld says how long it is. */
#define BESIDE_LAYER __attribute__((section(".beside_layer"), used)) static

uint32_t windows_control(void) {
    return DWT_CTRL;
}

bool windows_can_count(void) {
    return (DWT_CTRL & DWT_CTRL_NOPRFCNT) == 0;
}

/* The same instructions at the beginning and at the end of a window, so that each counter is read as long before the next
 * one there as here. */
static inline __attribute__((always_inline)) void read_counters(uint32_t *now) {
    const volatile uint32_t *counters = DWT_COUNTERS;
#pragma GCC unroll 6
    for (size_t i = 0; i < WINDOWS_COUNTERS; i++) {
        now[i] = counters[i];
    }
}

static inline __attribute__((always_inline)) void add_window(const uint32_t *now) {
    struct windows_sums *sums = current;
    uint32_t cycles = now[WINDOWS_CYCLES] - before[WINDOWS_CYCLES];
    sums->sums[WINDOWS_CYCLES] += cycles;
    for (size_t i = WINDOWS_CPI; i < WINDOWS_COUNTERS; i++) {
        sums->sums[i] += (now[i] - before[i]) & DWT_EVENT_COUNTER_MASK;
    }
    if (cycles > sums->longest_cycles) {
        sums->longest_cycles = cycles;
    }
}

/* Fibonacci's form of x^16 + x^14 + x^13 + x^11 + 1, which has the longest period. */
static inline __attribute__((always_inline)) uint32_t next_turn(void) {
    uint32_t bit = (turns ^ turns >> 2 ^ turns >> 3 ^ turns >> 5) & 1u;
    turns = turns >> 1 | bit << 15;
    return turns & WINDOWS_SPREAD_CYCLES;
}

/* SysTick starts last of all, so that what an interrupt takes is no part of a period: there is time for the layer in each. */
static inline __attribute__((always_inline)) void begin_window(void) {
    SYST_RVR = period + next_turn();
    read_counters(before);
    SYST_CVR = 0;
    SYST_CSR = control;
}

/* The handler of SysTick, in place of cycles_notice_halves. That misses halves of CYCCNT's period meanwhile, which changes
 * port_cycles by whole periods between the inferences that are timed. */
BESIDE_LAYER void end_window(void) {
    uint32_t now[WINDOWS_COUNTERS];
    read_counters(now);
    SYST_CSR = 0;
    add_window(now);
    current->interrupts++;
    begin_window();
}

BESIDE_LAYER void begin_layer(uint32_t layer) {
    current = &all[layer];
    begin_window();
}

BESIDE_LAYER void end_layer(uint32_t layer) {
    (void)layer;
    uint32_t now[WINDOWS_COUNTERS];
    core_mask_interrupts();
    read_counters(now);
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    add_window(now);
    core_data_barrier();
    core_unmask_interrupts();
}

/* Where it is executed, with the bit for Thumb code. */
#ifdef BESIDE_LAYER_IN_RAM
#define BESIDE_LAYER_MAX_WORDS 256u /* image.ld holds it to that */

extern const uint32_t event_counters_beside_start[], event_counters_beside_end[];

OWN __attribute__((aligned(8))) static uint32_t beside_in_ram[BESIDE_LAYER_MAX_WORDS];

static void copy_beside_layer(void) {
    uint32_t *to = beside_in_ram;
    for (const uint32_t *from = event_counters_beside_start; from != event_counters_beside_end; from++) {
        *to++ = *from;
    }
    core_data_barrier();
    core_instruction_barrier();
}

static uint32_t executed(uint32_t function) {
    return function - (uint32_t)event_counters_beside_start + (uint32_t)beside_in_ram;
}
#else
static void copy_beside_layer(void) {
}

static uint32_t executed(uint32_t function) {
    return function;
}
#endif

static void use_vectors(uint32_t address) {
    SCB_VTOR = address;
    core_data_barrier();
    core_instruction_barrier();
}

struct windows_edges windows_open(uint32_t period_cycles, struct windows_sums *sums) {
    all = sums;
    period = period_cycles;
    control = period_cycles == 0 ? 0 : SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CORE_CLOCK;
    turns = 1;
    vectors_of_all = SCB_VTOR;
    period_of_all = SYST_RVR;
    control_of_all = SYST_CSR & (SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CORE_CLOCK);
    const uint32_t *kept = (const uint32_t *)vectors_of_all;
    for (size_t i = 0; i < VECTORS; i++) {
        vectors[i] = kept[i];
    }
    copy_beside_layer();
    vectors[SYSTICK_VECTOR] = executed((uint32_t)end_window);
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    use_vectors((uint32_t)vectors);
    DWT_CTRL |= DWT_CTRL_EVENT_COUNTERS;
    return (struct windows_edges){
        .begin = (runtime_layer_edge *)executed((uint32_t)begin_layer),
        .end = (runtime_layer_edge *)executed((uint32_t)end_layer),
    };
}

void windows_close(void) {
    DWT_CTRL &= ~DWT_CTRL_EVENT_COUNTERS;
    use_vectors(vectors_of_all);
    SYST_RVR = period_of_all;
    SYST_CVR = 0;
    SYST_CSR = control_of_all;
}
