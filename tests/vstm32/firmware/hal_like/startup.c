/* Start-up as a vendor's assembly file does it: data, bss, SystemInit, constructors, main. */
#include "device.h"

extern uint32_t _estack[], _sidata[], _sdata[], _edata[], _sbss[], _ebss[];
extern void __libc_init_array(void);
extern int main(void);

void SystemInit(void)
{
    SCB->cpacr |= (3u << 20) | (3u << 22);
    RCC->cr |= 1u;
    RCC->cfgr = 0;
    RCC->cr &= 0xFEF6FFFFu;
    RCC->pllcfgr = 0x24003010u;
    RCC->cr &= 0xFFFBFFFFu;
    RCC->cir = 0;
    SCB->vtor = 0x08000000u;
}

__attribute__((noreturn)) void Reset_Handler(void)
{
    SystemInit();
    for (uint32_t *to = _sdata, *from = _sidata; to < _edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = _sbss; to < _ebss;) {
        *to++ = 0;
    }
    __libc_init_array();
    main();
    for (;;) {
    }
}

void Default_Handler(void)
{
    for (;;) {
    }
}

#define WEAK __attribute__((weak, alias("Default_Handler")))
WEAK void NMI_Handler(void);
WEAK void HardFault_Handler(void);
WEAK void MemManage_Handler(void);
WEAK void BusFault_Handler(void);
WEAK void UsageFault_Handler(void);
WEAK void SVC_Handler(void);
WEAK void PendSV_Handler(void);
WEAK void SysTick_Handler(void);
WEAK void USART1_IRQHandler(void);

__attribute__((section(".isr_vector"), used)) static const void *const vectors[16 + 98] = {
    [0] = _estack,
    [1] = Reset_Handler,
    [2] = NMI_Handler,
    [3] = HardFault_Handler,
    [4] = MemManage_Handler,
    [5] = BusFault_Handler,
    [6] = UsageFault_Handler,
    [11] = SVC_Handler,
    [14] = PendSV_Handler,
    [15] = SysTick_Handler,
    [16 + USART1_INTERRUPT] = USART1_IRQHandler,
};
