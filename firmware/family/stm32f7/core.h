/* Barriers and interrupt masking: instructions that C has no words for (PM0253 section 3.12). */
#ifndef MCUMATRIX_STM32F7_CORE_H
#define MCUMATRIX_STM32F7_CORE_H

static inline void core_data_barrier(void) {
    __asm volatile("dsb" ::: "memory");
}

static inline void core_instruction_barrier(void) {
    __asm volatile("isb" ::: "memory");
}

static inline void core_mask_interrupts(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void core_wait_for_interrupt(void) {
    __asm volatile("wfi" ::: "memory");
}

#endif
