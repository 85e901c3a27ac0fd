/* Registers and small services of the test firmware (RM0385, PM0253). */
#pragma once
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define REG8(address) (*(volatile uint8_t *)(address))

#define RCC_CR 0x40023800u
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR 0x40023808u
#define RCC_AHB1ENR 0x40023830u
#define RCC_APB1ENR 0x40023840u
#define RCC_APB2ENR 0x40023844u
#define RCC_CSR 0x40023874u
#define PWR_CR1 0x40007000u
#define PWR_CSR1 0x40007004u
#define FLASH_ACR 0x40023C00u
#define FLASH_KEYR 0x40023C04u
#define FLASH_SR 0x40023C0Cu
#define FLASH_CR 0x40023C10u
#define GPIOC 0x40020800u
#define USART6_CR1 0x40011400u
#define USART6_BRR 0x4001140Cu
#define USART6_ISR 0x4001141Cu
#define USART6_ICR 0x40011420u
#define USART6_RDR 0x40011424u
#define USART6_TDR 0x40011428u
#define DWT_CTRL 0xE0001000u
#define DWT_CYCCNT 0xE0001004u
#define DWT_LAR 0xE0001FB0u
#define DWT_LSR 0xE0001FB4u
#define SYST_CSR 0xE000E010u
#define SYST_RVR 0xE000E014u
#define SYST_CVR 0xE000E018u
#define NVIC_ISER 0xE000E100u
#define NVIC_ISPR 0xE000E200u
#define NVIC_IPR 0xE000E400u
#define SCB_CPUID 0xE000ED00u
#define SCB_ICSR 0xE000ED04u
#define SCB_VTOR 0xE000ED08u
#define SCB_AIRCR 0xE000ED0Cu
#define SCB_CCR 0xE000ED14u
#define SCB_SHPR1 0xE000ED18u
#define SCB_SHPR3 0xE000ED20u
#define SCB_SHCSR 0xE000ED24u
#define SCB_CFSR 0xE000ED28u
#define SCB_HFSR 0xE000ED2Cu
#define SCB_BFAR 0xE000ED38u
#define SCB_CPACR 0xE000ED88u
#define DEMCR 0xE000EDFCu

/* Where a test firmware leaves what it saw; the test reads it by symbol. */
extern volatile uint32_t seen[64];

void clock_216(void);
void clock_288(void);
void cycles_on(void);
void serial_on(uint32_t divider);
void put(char byte);
void put_text(const char *text);
int get(void);
