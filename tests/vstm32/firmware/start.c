/* Vector table and start-up of the test firmware. Handlers are weak: a test defines what it needs. */
#include "board.h"

extern uint32_t data_start[], data_end[], data_load[];
extern uint32_t ramcode_start[], ramcode_end[], ramcode_load[];
extern uint32_t bss_start[], bss_end[], stack_top[];

int main(void);

void stay(void)
{
    for (;;) {
        __asm volatile("wfi");
    }
}

__attribute__((noreturn, naked)) void reset_handler(void)
{
    __asm volatile("bl start_up\n b .");
}

#ifndef FPU_OFF
#define FPU_OFF 0
#endif

__attribute__((used)) void start_up(void)
{
    for (uint32_t *from = data_load, *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *from = ramcode_load, *to = ramcode_start; to < ramcode_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    if (!FPU_OFF) {
        REG(SCB_CPACR) |= 0xFu << 20;
        __asm volatile("dsb\n isb");
    }
    main();
    stay();
}

#define WEAK __attribute__((weak, alias("stay")))
WEAK void nmi_handler(void);
WEAK void hard_fault_handler(void);
WEAK void mem_manage_handler(void);
WEAK void bus_fault_handler(void);
WEAK void usage_fault_handler(void);
WEAK void svc_handler(void);
WEAK void pendsv_handler(void);
WEAK void systick_handler(void);
WEAK void exti0_handler(void);
WEAK void exti1_handler(void);
WEAK void usart1_handler(void);
WEAK void usart2_handler(void);
WEAK void tim2_handler(void);
WEAK void tim5_handler(void);
WEAK void rng_handler(void);
WEAK void usart6_handler(void);
WEAK void dma2_stream0_handler(void);
WEAK void dma2_stream1_handler(void);
WEAK void dma2_stream6_handler(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[16 + 98] = {
    [0] = stack_top,
    [1] = reset_handler,
    [2] = nmi_handler,
    [3] = hard_fault_handler,
    [4] = mem_manage_handler,
    [5] = bus_fault_handler,
    [6] = usage_fault_handler,
    [11] = svc_handler,
    [14] = pendsv_handler,
    [15] = systick_handler,
    [16 + 6] = exti0_handler,
    [16 + 7] = exti1_handler,
    [16 + 28] = tim2_handler,
    [16 + 37] = usart1_handler,
    [16 + 38] = usart2_handler,
    [16 + 50] = tim5_handler,
    [16 + 56] = dma2_stream0_handler,
    [16 + 57] = dma2_stream1_handler,
    [16 + 69] = dma2_stream6_handler,
    [16 + 71] = usart6_handler,
    [16 + 80] = rng_handler,
};
