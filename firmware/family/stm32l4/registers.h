/* The registers that this firmware uses, and no others, beside those of the core and of USARTs.
 *
 * RM0432: reference manual of the STM32L4Rxxx and STM32L4Sxxx. Each name is followed by its section.
 */
#ifndef MCUMATRIX_STM32L4_REGISTERS_H
#define MCUMATRIX_STM32L4_REGISTERS_H

#include "core_registers.h"
#include "gpio_registers.h"
#include "usart_registers.h"

/* ---- Power: RM0432 section 5.4 ---- */

#define PWR_CR1 REGISTER(0x40007000) /* PWR_CR1 */
#define PWR_CR1_VOS_POSITION 9       /* 1 is range 1, 2 is range 2 */
#define PWR_CR1_VOS_MASK 0x3u
#define PWR_CR1_VOS_RANGE_1 1u

#define PWR_CR2 REGISTER(0x40007004) /* PWR_CR2 */
#define PWR_CR2_IOSV (1u << 9)       /* VDDIO2, which PG2 to PG15 hang on, is there */

#define PWR_SR2 REGISTER(0x40007014) /* PWR_SR2 */
#define PWR_SR2_VOSF (1u << 10)      /* 1 while the regulator changes */

#define PWR_CR5 REGISTER(0x40007080) /* PWR_CR5 */
#define PWR_CR5_R1MODE (1u << 8)     /* 0 is range 1 boost, 1 is range 1 normal */

/* ---- Reset and clock control: RM0432 section 6.4 ---- */

#define RCC_CR REGISTER(0x40021000) /* RCC_CR */
#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSIRDY (1u << 10)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

#define RCC_CFGR REGISTER(0x40021008) /* RCC_CFGR */
#define RCC_CFGR_SW_MASK 0x3u
#define RCC_CFGR_SWS_POSITION 2
#define RCC_CFGR_SOURCE_MSI 0u
#define RCC_CFGR_SOURCE_HSI 1u
#define RCC_CFGR_SOURCE_HSE 2u
#define RCC_CFGR_SOURCE_PLL 3u
#define RCC_CFGR_HPRE_POSITION 4
#define RCC_CFGR_HPRE_MASK 0xFu
#define RCC_CFGR_HPRE_HALF 8u
#define RCC_CFGR_PPRE1_POSITION 8
#define RCC_CFGR_PPRE2_POSITION 11
#define RCC_CFGR_PPRE_MASK 0x7u

#define RCC_PLLCFGR REGISTER(0x4002100C) /* RCC_PLLCFGR */
#define RCC_PLLCFGR_PLLSRC_MASK 0x3u
#define RCC_PLLCFGR_PLLSRC_HSI 2u
#define RCC_PLLCFGR_PLLM_POSITION 4 /* the divider, less 1 */
#define RCC_PLLCFGR_PLLM_MASK 0xFu
#define RCC_PLLCFGR_PLLN_POSITION 8
#define RCC_PLLCFGR_PLLN_MASK 0x7Fu
#define RCC_PLLCFGR_PLLREN (1u << 24)
#define RCC_PLLCFGR_PLLR_POSITION 25 /* 0 divides by 2, 1 by 4, 2 by 6, 3 by 8 */
#define RCC_PLLCFGR_PLLR_MASK 0x3u

#define RCC_AHB2ENR REGISTER(0x4002104C)  /* RCC_AHB2ENR: bit 0 is GPIOA, bit 1 GPIOB, and so on */
#define RCC_APB1ENR1 REGISTER(0x40021058) /* RCC_APB1ENR1 */
#define RCC_APB1ENR1_PWREN (1u << 28)
#define RCC_APB1ENR2 REGISTER(0x4002105C) /* RCC_APB1ENR2 */
#define RCC_APB2ENR REGISTER(0x40021060)  /* RCC_APB2ENR */

/* ---- Flash interface: RM0432 section 3.7 ---- */

#define FLASH_ACR REGISTER(0x40022000) /* FLASH_ACR */
#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)

/* ---- General-purpose I/O: RM0432 section 8; ports are 0x400 apart from GPIOA on (2.2) ---- */

#define GPIO_BASE(port) (0x48000000u + 0x400u * (uint32_t)((port) - 'A'))

/* ---- LPUART1: RM0432 section 50 ---- */

#define LPUART1_BASE 0x40008000u

/* ---- Debug: RM0432 section 57 ---- */

#define DBGMCU_IDCODE REGISTER(0xE0042000) /* DBGMCU_IDCODE */

#endif
