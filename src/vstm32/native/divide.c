/*
 * Division by zero, watched while CCR.DIV_0_TRP is set (Arm v7-M ARM, sections A7.7.127 and B3.2.8). The hook
 * runs before every instruction, so Unicorn gets it only while firmware wants the trap. Inside of an IT block
 * Unicorn does not stop when a hook asks for it, so a conditional division is not trapped.
 */
#include "hooks.h"

/* ITSTATE at an instruction, from the beginning of its basic block on (section A7.3.3); 0 outside. */
static unsigned it_state(const uint16_t *code, const uint16_t *instruction)
{
    unsigned state = 0;
    while (code < instruction) {
        if ((*code & 0xFF00) == 0xBF00 && *code & 0xF) {
            state = *code & 0xFF;
        } else if ((state & 7) == 0) {
            state = 0;
        } else {
            state = (state & 0xE0) | (state << 1 & 0x1F);
        }
        code += *code >= 0xE800 ? 2 : 1;
    }
    return state;
}

/* UC_HOOK_CODE: stops before an SDIV or UDIV outside of an IT block whose divisor is zero. */
void divide_hook(void *engine, uint64_t address, uint32_t size, void *data)
{
    struct state *const state = data;
    const int64_t place = place_of(&state->memory, address);
    if (place < 0 || size != 4) {
        return;
    }
    const uint16_t *const code = halfwords(&state->memory);
    const uint16_t *const instruction = code + place / 2;
    if ((instruction[0] & 0xFFD0) != 0xFB90 || (instruction[1] & 0xF0F0) != 0xF0F0) {
        return;
    }
    const int divisor = instruction[1] & 0xF;
    uint64_t value = 0;
    state->uc_reg_read(engine, divisor == 14 ? UC_ARM_REG_LR : UC_ARM_REG_R0 + divisor, &value);
    const int64_t first = place_of(&state->memory, state->block_address);
    if (value != 0 || first < 0 || it_state(code + first / 2, instruction) != 0) {
        return;
    }
    state->divide_trap = address;
    state->uc_emu_stop(engine);
}
