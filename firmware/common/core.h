/* Barriers, interrupt masking and the stack pointer: instructions that C has no words for (PM0253 section 3.12). */
#ifndef MCUMATRIX_CORE_H
#define MCUMATRIX_CORE_H

#include <stdint.h>

static inline void core_data_barrier(void) {
    __asm volatile("dsb" ::: "memory");
}

static inline void core_instruction_barrier(void) {
    __asm volatile("isb" ::: "memory");
}

static inline void core_mask_interrupts(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void core_unmask_interrupts(void) {
    __asm volatile("cpsie i" ::: "memory");
}

static inline void core_wait_for_interrupt(void) {
    __asm volatile("wfi" ::: "memory");
}

static inline uint32_t core_stack_pointer(void) {
    uint32_t address;
    __asm volatile("mov %0, sp" : "=r"(address));
    return address;
}

#endif
