/* From reset to main, and the vector table: PM0253 2.4.4; the interrupts are those of the chip. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core.h"
#include "cycles.h"
#include "fault.h"
#include "core_registers.h"
#include "stack.h"

/* From the linker script. */
extern uint32_t itcm_start[], itcm_end[], itcm_load_start[];
extern uint32_t data_start[], data_end[], data_load_start[];
extern uint32_t bss_start[], bss_end[];

extern int main(void);
extern void __libc_init_array(void);

/* newlib's __libc_init_array calls it; crti.o, which would bring it, is not linked. */
void _init(void) {
}

static void copy(uint32_t *start, const uint32_t *end, const uint32_t *load_start) {
    memcpy(start, load_start, (size_t)((const uint8_t *)end - (const uint8_t *)start));
}

/* Apart from reset_handler, so that the compiler may use FPU registers in it. */
__attribute__((noinline, noreturn)) static void start(void) {
    stack_paint();
    copy(itcm_start, itcm_end, itcm_load_start);
    copy(data_start, data_end, data_load_start);
    memset(bss_start, 0, (size_t)((uint8_t *)bss_end - (uint8_t *)bss_start));
    SCB_SHCSR |= SCB_SHCSR_MEMFAULTENA | SCB_SHCSR_BUSFAULTENA | SCB_SHCSR_USGFAULTENA;
    core_data_barrier();
    core_instruction_barrier(); /* what was copied to ITCM is now seen by fetches */
    __libc_init_array();
    (void)main();
    fault_program_ended("main returned");
}

extern const void *const vectors[];

__attribute__((noreturn)) void reset_handler(void) {
    FPU_CPACR |= FPU_CPACR_FULL_ACCESS; /* PM0253 4.7, "Enabling the FPU" */
    core_data_barrier();
    core_instruction_barrier();
    /* After reset the table is read through the alias at which the boot option points. */
    SCB_VTOR = (uint32_t)vectors;
    core_data_barrier();
    start();
}

/* An alias must stand in the file of what it stands for. */
__attribute__((used)) static void unexpected_interrupt(void) {
    fault_unexpected_interrupt();
}

#define INTERRUPT(name) __attribute__((weak, alias("unexpected_interrupt"))) void name##_handler(void);
#include "interrupts.h"
#undef INTERRUPT

__attribute__((section(".isr_vector"), used)) const void *const vectors[] = {
    stack_top,
    reset_handler,
    unexpected_interrupt, /* NMI */
    fault_hard,
    fault_memory,
    fault_bus,
    fault_usage,
    unexpected_interrupt, /* 7 to 10: reserved */
    unexpected_interrupt,
    unexpected_interrupt,
    unexpected_interrupt,
    unexpected_interrupt, /* SVCall */
    unexpected_interrupt, /* debug monitor */
    unexpected_interrupt, /* 13: reserved */
    unexpected_interrupt, /* PendSV */
    cycles_notice_halves,       /* SysTick */
#define INTERRUPT(name) name##_handler,
#include "interrupts.h"
#undef INTERRUPT
};
