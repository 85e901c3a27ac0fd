/* Two threads, and PendSV that goes from one to the other as an RTOS does: S16 to S31 are saved where a thread uses
 * the FPU, which stacks what has waited first. */
#pragma once
#include <stdint.h>

static uint32_t stacks[2][256] __attribute__((aligned(8)));
uint32_t *tops[2];
uint32_t current;

__attribute__((naked)) void pendsv_handler(void)
{
    __asm volatile(
        "mrs r0, psp\n tst lr, #0x10\n it eq\n vstmdbeq r0!, {s16-s31}\n stmdb r0!, {r4-r11, lr}\n"
        "ldr r1, =current\n ldr r2, [r1]\n ldr r3, =tops\n str r0, [r3, r2, lsl #2]\n"
        "eor r2, #1\n str r2, [r1]\n ldr r0, [r3, r2, lsl #2]\n"
        "ldmia r0!, {r4-r11, lr}\n tst lr, #0x10\n it eq\n vldmiaeq r0!, {s16-s31}\n"
        "msr psp, r0\n bx lr");
}
