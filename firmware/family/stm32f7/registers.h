/* The registers that this firmware uses, and no others.
 *
 * RM0385: reference manual of the STM32F75xxx and STM32F74xxx. PM0253: programming manual of the STM32F7's
 * Cortex-M7. DDI0403: Armv7-M Architecture Reference Manual, issue E. Each name is followed by its section.
 */
#ifndef MCUMATRIX_STM32F7_REGISTERS_H
#define MCUMATRIX_STM32F7_REGISTERS_H

#include "core_registers.h"
#include "gpio_registers.h"
#include "usart_registers.h"

/* ---- Power: RM0385 section 4 ---- */

#define PWR_CR1 REGISTER(0x40007000) /* 4.4.1 */
#define PWR_CR1_VOS_SCALE_1 (3u << 14)
#define PWR_CR1_ODEN (1u << 16)
#define PWR_CR1_ODSWEN (1u << 17)

#define PWR_CSR1 REGISTER(0x40007004) /* 4.4.2 */
#define PWR_CSR1_ODRDY (1u << 16)
#define PWR_CSR1_ODSWRDY (1u << 17)

/* ---- Reset and clock control: RM0385 section 5 ---- */

#define RCC_CR REGISTER(0x40023800) /* 5.3.1 */
#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 1)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

#define RCC_PLLCFGR REGISTER(0x40023804) /* 5.3.2 */
#define RCC_PLLCFGR_PLLM_POSITION 0
#define RCC_PLLCFGR_PLLM_MASK 0x3Fu
#define RCC_PLLCFGR_PLLN_POSITION 6
#define RCC_PLLCFGR_PLLN_MASK 0x1FFu
#define RCC_PLLCFGR_PLLP_POSITION 16 /* 0 divides by 2, 1 by 4, 2 by 6, 3 by 8 */
#define RCC_PLLCFGR_PLLP_MASK 0x3u
#define RCC_PLLCFGR_PLLSRC_HSE (1u << 22)
#define RCC_PLLCFGR_PLLQ_POSITION 24
#define RCC_PLLCFGR_PLLQ_MASK 0xFu

#define RCC_CFGR REGISTER(0x40023808) /* 5.3.3 */
#define RCC_CFGR_SW_MASK 0x3u
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS_POSITION 2
#define RCC_CFGR_SWS_MASK 0x3u
#define RCC_CFGR_SWS_HSI 0u
#define RCC_CFGR_SWS_HSE 1u
#define RCC_CFGR_SWS_PLL 2u
#define RCC_CFGR_HPRE_POSITION 4
#define RCC_CFGR_HPRE_MASK 0xFu
#define RCC_CFGR_PPRE1_POSITION 10
#define RCC_CFGR_PPRE2_POSITION 13
#define RCC_CFGR_PPRE_MASK 0x7u

#define RCC_AHB1ENR REGISTER(0x40023830) /* 5.3.10: bit 0 is GPIOA, bit 1 GPIOB, and so on */

#define RCC_AHB3ENR REGISTER(0x40023838) /* 5.3.12 */
#define RCC_AHB3ENR_FMCEN (1u << 0)
#define RCC_AHB3ENR_QSPIEN (1u << 1)

#define RCC_APB1ENR REGISTER(0x40023840) /* 5.3.13 */
#define RCC_APB1ENR_PWREN (1u << 28)

#define RCC_APB2ENR REGISTER(0x40023844) /* 5.3.14 */

/* ---- Flash interface: RM0385 section 3 ---- */

#define FLASH_ACR REGISTER(0x40023C00) /* 3.7.1 */
#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ARTEN (1u << 9)
#define FLASH_ACR_ARTRST (1u << 11)

/* ---- General-purpose I/O: RM0385 section 6; ports are 0x400 apart from GPIOA on (2.2.2) ---- */

#define GPIO_BASE(port) (0x40020000u + 0x400u * (uint32_t)((port) - 'A'))

/* ---- SDRAM controller: RM0385 section 13.7.5 ---- */

#define FMC_SDCR1 REGISTER(0xA0000140) /* bank 1 */
#define FMC_SDCR_NC_POSITION 0
#define FMC_SDCR_NR_POSITION 2
#define FMC_SDCR_MWID_POSITION 4
#define FMC_SDCR_NB (1u << 6)
#define FMC_SDCR_CAS_POSITION 7
#define FMC_SDCR_SDCLK_POSITION 10
#define FMC_SDCR_RBURST (1u << 12)

#define FMC_SDTR1 REGISTER(0xA0000148)
#define FMC_SDTR_TMRD_POSITION 0
#define FMC_SDTR_TXSR_POSITION 4
#define FMC_SDTR_TRAS_POSITION 8
#define FMC_SDTR_TRC_POSITION 12
#define FMC_SDTR_TWR_POSITION 16
#define FMC_SDTR_TRP_POSITION 20
#define FMC_SDTR_TRCD_POSITION 24

#define FMC_SDCMR REGISTER(0xA0000150)
#define FMC_SDCMR_ENABLE_CLOCK 1u
#define FMC_SDCMR_PRECHARGE_ALL 2u
#define FMC_SDCMR_AUTO_REFRESH 3u
#define FMC_SDCMR_LOAD_MODE 4u
#define FMC_SDCMR_BANK_1 (1u << 4)
#define FMC_SDCMR_NRFS_POSITION 5
#define FMC_SDCMR_MRD_POSITION 9
#define FMC_MODE_CAS_POSITION 4 /* of what LOAD MODE loads: the same in every SDRAM of JEDEC's kind */
#define FMC_MODE_SINGLE_WRITES (1u << 9)

#define FMC_SDRTR REGISTER(0xA0000154)
#define FMC_SDRTR_COUNT_POSITION 1

#define FMC_SDSR REGISTER(0xA0000158)
#define FMC_SDSR_BUSY (1u << 5)

/* ---- QUADSPI: RM0385 section 14.5 ---- */

#define QUADSPI_CR REGISTER(0xA0001000)
#define QUADSPI_CR_EN (1u << 0)
#define QUADSPI_CR_ABORT (1u << 1)
#define QUADSPI_CR_SSHIFT (1u << 4)
#define QUADSPI_CR_APMS (1u << 22)
#define QUADSPI_CR_PRESCALER_POSITION 24
#define QUADSPI_DCR REGISTER(0xA0001004)
#define QUADSPI_DCR_CSHT_POSITION 8
#define QUADSPI_DCR_FSIZE_POSITION 16
#define QUADSPI_SR REGISTER(0xA0001008)
#define QUADSPI_SR_TCF (1u << 1)
#define QUADSPI_SR_SMF (1u << 3)
#define QUADSPI_SR_BUSY (1u << 5)
#define QUADSPI_FCR REGISTER(0xA000100C)
#define QUADSPI_FCR_ALL 0x1Bu
#define QUADSPI_DLR REGISTER(0xA0001010)
#define QUADSPI_CCR REGISTER(0xA0001014)
#define QUADSPI_CCR_IMODE_ONE (1u << 8)
#define QUADSPI_CCR_ADMODE_ONE (1u << 10)
#define QUADSPI_CCR_ADMODE_FOUR (3u << 10)
#define QUADSPI_CCR_ADSIZE_24 (2u << 12)
#define QUADSPI_CCR_DCYC_POSITION 18
#define QUADSPI_CCR_DMODE_ONE (1u << 24)
#define QUADSPI_CCR_DMODE_FOUR (3u << 24)
#define QUADSPI_CCR_FMODE_READ (1u << 26)
#define QUADSPI_CCR_FMODE_POLL (2u << 26)
#define QUADSPI_CCR_FMODE_MAPPED (3u << 26)
#define QUADSPI_AR REGISTER(0xA0001018)
#define QUADSPI_DR REGISTER(0xA0001020)
#define QUADSPI_DR_BYTE (*(volatile uint8_t *)0xA0001020)
#define QUADSPI_PSMKR REGISTER(0xA0001024)
#define QUADSPI_PSMAR REGISTER(0xA0001028)
#define QUADSPI_PIR REGISTER(0xA000102C)

/* ---- Caches: PM0253 section 4 ---- */

#define SCB_CCR_DC (1u << 16)
#define SCB_CCR_IC (1u << 17)
#define MPU_CTRL REGISTER(0xE000ED94) /* 4.6, control */
#define MPU_CTRL_ENABLE (1u << 0)
#define MPU_CTRL_PRIVDEFENA (1u << 2)
#define MPU_RNR REGISTER(0xE000ED98)  /* 4.6, region number */
#define MPU_RBAR REGISTER(0xE000ED9C) /* 4.6, region base address */
#define MPU_RASR REGISTER(0xE000EDA0) /* 4.6, region attributes and size: 2 to the power of SIZE + 1 bytes */
#define MPU_RASR_ENABLE (1u << 0)
#define MPU_RASR_SIZE_POSITION 1
#define MPU_RASR_NO_EXECUTION (1u << 28)
#define MPU_RASR_FULL_ACCESS (3u << 24)
#define MPU_RASR_READ_ONLY (6u << 24)
#define MPU_RASR_WRITE_BACK (1u << 19 | 1u << 17 | 1u << 16) /* normal memory, which takes lines for stores as well */
#define MPU_RASR_WRITE_THROUGH (1u << 17)                   /* normal memory */

#define CACHE_CCSIDR REGISTER(0xE000ED80) /* 4.5, cache size of the cache selected */
#define CACHE_CSSELR REGISTER(0xE000ED84) /* 4.5, cache size selection: 0 is the level 1 data cache */
#define CACHE_ICIALLU REGISTER(0xE000EF50) /* 4.8, invalidate the whole instruction cache */
#define CACHE_DCCMVAU REGISTER(0xE000EF64) /* 4.8, clean the data cache by address, to where code is read */
#define CACHE_DCISW REGISTER(0xE000EF60)   /* 4.8, invalidate a line of the data cache by set and way */

/* ---- Debug ---- */

#define DBGMCU_IDCODE REGISTER(0xE0042000) /* RM0385 40.6.1 */

#endif
