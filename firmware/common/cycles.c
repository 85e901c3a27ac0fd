/* 64 bits of core clock cycles out of the 32 bits of the DWT's CYCCNT.
 *
 * `halves` counts the halves of CYCCNT's period (2^31 cycles) that have begun since the start. Its lowest bit must
 * equal CYCCNT's highest; where it does not, a half has begun that nobody has noticed yet. Someone has to look at
 * least once per half: SysTick does, every 2^24 cycles, the longest that it can wait.
 *
 * What this costs: the interrupt takes about 40 cycles with entry and return, 40 / 2^24 or 2.4 millionths of the
 * time measured.
 */
#include "cycles.h"

#include <stdint.h>

#include "core.h"
#include "port.h"
#include "core_registers.h"

#define SYSTICK_RELOAD 0xFFFFFFu /* 2^24 cycles */

/* Written by the interrupt only. In memory that the data cache does not hold, for it is read within measurements;
 * cycles_start gives it its first value. */
__attribute__((section(".dtcm"))) static volatile uint32_t halves;

void cycles_start(void) {
    DEBUG_DEMCR |= DEBUG_DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY; /* the Cortex-M7's DWT is locked against software after power-on */
    DWT_CTRL &= ~DWT_CTRL_CYCCNTENA;
    DWT_CYCCNT = 0;
    halves = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    SYST_RVR = SYSTICK_RELOAD;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CORE_CLOCK;
}

void cycles_notice_halves(void) {
    halves += (halves ^ DWT_CYCCNT >> 31) & 1u;
}

/* `halves` is read first. If the interrupt comes in between, or is pending because interrupts are masked, `halves`
 * is at most one behind CYCCNT, and the comparison makes up for that. Reading in the other order could see a new
 * `halves` with an old CYCCNT. */
uint64_t port_cycles(void) {
    uint32_t seen = halves;
    uint32_t cyccnt = DWT_CYCCNT;
    seen += (seen ^ cyccnt >> 31) & 1u;
    return (uint64_t)(seen >> 1) << 32 | cyccnt;
}

void port_align_interrupts(void) {
    SYST_CVR = 0; /* PM0253 4.4.3: starts anew from the reload value, without an interrupt */
    core_data_barrier();
}
