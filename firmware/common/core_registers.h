/* The registers of the core that this firmware uses, the same in a Cortex-M4 and a Cortex-M7.
 *
 * PM0253: programming manual of the Cortex-M7 of the STM32F7; PM0214, that of the Cortex-M4 of the STM32L4, has the
 * same ones. DDI0403: Armv7-M Architecture Reference Manual, issue E. Each name is followed by its section.
 */
#ifndef MCUMATRIX_CORE_REGISTERS_H
#define MCUMATRIX_CORE_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* ---- Core: PM0253 section 4 ---- */

#define SYST_CSR REGISTER(0xE000E010) /* 4.4.1 */
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CORE_CLOCK (1u << 2)
#define SYST_RVR REGISTER(0xE000E014) /* 4.4.2: 24 bits */
#define SYST_CVR REGISTER(0xE000E018) /* 4.4.3: any write clears it */

#define SCB_VTOR REGISTER(0xE000ED08) /* 4.3, vector table offset */
#define SCB_CCR REGISTER(0xE000ED14)  /* 4.3, configuration and control */
#define SCB_SHCSR REGISTER(0xE000ED24) /* 4.3, system handler control and state */
#define SCB_SHCSR_MEMFAULTENA (1u << 16)
#define SCB_SHCSR_BUSFAULTENA (1u << 17)
#define SCB_SHCSR_USGFAULTENA (1u << 18)
#define SCB_CFSR REGISTER(0xE000ED28) /* 4.3, configurable fault status */
#define SCB_CFSR_MMARVALID (1u << 7)
#define SCB_CFSR_BFARVALID (1u << 15)
#define SCB_HFSR REGISTER(0xE000ED2C)  /* 4.3, hard fault status */
#define SCB_MMFAR REGISTER(0xE000ED34) /* 4.3, memory management fault address */
#define SCB_BFAR REGISTER(0xE000ED38)  /* 4.3, bus fault address */

#define FPU_CPACR REGISTER(0xE000ED88) /* 4.7, coprocessor access control */
#define FPU_CPACR_FULL_ACCESS (0xFu << 20)

/* ---- Debug: DDI0403 ---- */

#define DEBUG_DEMCR REGISTER(0xE000EDFC) /* C1.6.5 */
#define DEBUG_DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000) /* C1.8.7 */
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT REGISTER(0xE0001004) /* C1.8.8 */
#define DWT_LAR REGISTER(0xE0001FB0)    /* appendix D, lock access */
#define DWT_LAR_KEY 0xC5ACCE55u

#endif
