/* Registers that only event counters need; Arm v7-M Architecture Reference Manual, DDI 0403, issue E. */
#ifndef MCUMATRIX_EVENT_COUNTERS_EVENT_REGISTERS_H
#define MCUMATRIX_EVENT_COUNTERS_EVENT_REGISTERS_H

#include "core_registers.h"

#define SCB_ICSR REGISTER(0xE000ED04) /* B3.2.4, interrupt control and state */
#define SCB_ICSR_PENDSTCLR (1u << 25)

#define DWT_CTRL_EVENT_COUNTERS (0x1Fu << 17) /* C1.8.7: CPIEVTENA to FOLDEVTENA; a counter begins at 0 when enabled */
#define DWT_CTRL_NOPRFCNT (1u << 24)          /* C1.8.7: there are none */
/* C1.8.8 to C1.8.13: CYCCNT, CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT. */
#define DWT_COUNTERS ((const volatile uint32_t *)0xE0001004)
#define DWT_EVENT_COUNTER_MASK 0xFFu /* C1.8.9: eight bits, which wrap */

#endif
