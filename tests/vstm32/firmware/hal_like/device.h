/* Registers of the STM32F746 (RM0385) and of the Cortex-M7 (PM0253) as structures, in the style of a vendor header. */
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef volatile uint32_t reg;

struct rcc {
    reg cr, pllcfgr, cfgr, cir, ahb1rstr, ahb2rstr, ahb3rstr, r0, apb1rstr, apb2rstr, r1[2];
    reg ahb1enr, ahb2enr, ahb3enr, r2, apb1enr, apb2enr;
};
struct pwr { reg cr1, csr1, cr2, csr2; };
struct flash { reg acr, keyr, optkeyr, sr, cr; };
struct gpio { reg moder, otyper, ospeedr, pupdr, idr, odr, bsrr, lckr, afr[2]; };
struct usart { reg cr1, cr2, cr3, brr, gtpr, rtor, rqr, isr, icr, rdr, tdr; };
struct systick { reg ctrl, load, val, calib; };
struct nvic { reg iser[32], icer[32], ispr[32], icpr[32], iabr[64]; volatile uint8_t ipr[240]; };
struct scb {
    reg cpuid, icsr, vtor, aircr, scr, ccr;
    volatile uint8_t shpr[12];
    reg shcsr, cfsr, hfsr, dfsr, mmfar, bfar, afsr, ids[14], clidr, ctr, ccsidr, csselr, cpacr;
};
struct mpu { reg type, ctrl, rnr, rbar, rasr; };

#define RCC ((struct rcc *)0x40023800u)
#define PWR ((struct pwr *)0x40007000u)
#define FLASH ((struct flash *)0x40023C00u)
#define GPIOA ((struct gpio *)0x40020000u)
#define GPIOB ((struct gpio *)0x40020400u)
#define USART1 ((struct usart *)0x40011000u)
#define SYSTICK ((struct systick *)0xE000E010u)
#define NVIC ((struct nvic *)0xE000E100u)
#define SCB ((struct scb *)0xE000ED00u)
#define MPU ((struct mpu *)0xE000ED90u)
#define CACHE(offset) (*(reg *)(0xE000EF00u + (offset)))
#define USART1_INTERRUPT 37

extern uint32_t core_clock_hz;

void init(void);               /* flash accelerator, priority grouping, the 1 ms tick */
uint32_t ticks(void);          /* milliseconds since init() */
void delay(uint32_t ms);
int clock_216(void);           /* 0, or the number of the step that timed out */
void protect(void);            /* MPU: nothing may be fetched or read where nothing is */
void caches(void);
void serial_open(void);
int serial_send(const uint8_t *data, uint16_t size, uint32_t timeout_ms);
int serial_line(char *line, uint16_t size); /* length of a received line, or -1 */

#ifdef __cplusplus
}
#endif
