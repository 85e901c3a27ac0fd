/* A stack at the bottom of SRAM1 has the end of DTCM below it, which an overflow would change in silence: nobody may
 * touch its last 4 KB, which a frame seldom leaps over. PM0253 4.6. */
#include <stdint.h>

#include "core.h"
#include "registers.h"
#include "stack.h"

#define GUARD_LOG2_BYTES 12u /* as the linker script keeps free (layout.cmake) */

static void guard_stack(void) {
    MPU_RNR = 0;
    MPU_RBAR = (uint32_t)stack_bottom - (1u << GUARD_LOG2_BYTES);
    MPU_RASR = MPU_RASR_NO_EXECUTION | (GUARD_LOG2_BYTES - 1) << MPU_RASR_SIZE_POSITION | MPU_RASR_ENABLE;
    /* All else is as without an MPU. */
    MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
    core_data_barrier();
    core_instruction_barrier();
}

__attribute__((section(".preinit_array"), used)) static void (*const guard_first)(void) = guard_stack;
