/*
 * What runs for every access that plain memory does not answer. It asks Unicorn for the exact program counter,
 * works out the cycle count at that instruction, and lets the access through only if there is a register;
 * otherwise the core gets a precise bus fault. Memory that the MPU protects comes here too.
 */
#include "hooks.h"

/*
 * IT/ICI bits of xPSR (PM0253 section 2.1.3): Unicorn leaves them behind when it looks up the program counter
 * in the middle of a block (unicorn issue 2309), so they have to be cleared.
 */
#define IT_BITS 0x0600FC00u
#define EXCEPTION_BITS 0x1FFu
#define CONTROL_NPRIV 1u

/* Cycles of the block that runs from an instruction on, of those that have been counted already. */
uint64_t cycles_left(const struct state *state, uint64_t address)
{
    const int64_t place = place_of(&state->memory, address);
    if (place < 0 || address - state->block_address >= state->block_size) {
        return 0;
    }
    const uint64_t left = state->cycles_left[place / 2];
    uint64_t waits = 0;
    for (uint64_t index = 0; index < state->data.waits; index++) {
        const bool later = state->data.waited_at[index] >= address - state->block_address;
        waits += later ? state->data.waited[index] : 0;
    }
    return waits + (left < state->charged ? left : state->charged);
}

/* Whether the MPU, which is on, lets an access to an address through. */
static bool mpu_allows(const struct state *state, int kind, uint64_t address)
{
    uint64_t index = state->intervals - 1;
    while (index > 0 && state->protection[index].first > address) {
        index -= 1;
    }
    uint64_t wanted = PERMIT_READ;
    if (kind == UC_MEM_WRITE_PROT || kind == UC_MEM_WRITE_UNMAPPED) {
        wanted = PERMIT_WRITE;
    } else if (kind == UC_MEM_FETCH_PROT || kind == UC_MEM_FETCH_UNMAPPED) {
        wanted = PERMIT_EXECUTE;
    }
    return (state->protection[index].allowed & wanted) != 0;
}

/* A store that Unicorn would drop, since not all of its page may be written. */
static void store_in_ram(const struct memory *memory, int64_t place, int size, uint64_t value)
{
    for (int index = 0; index < size; index++) {
        memory->bytes[place + index] = (uint8_t)(value >> 8 * index);
    }
}

static bool is_register(const struct window *window, uint64_t address)
{
    return window->known[(address - window->base) / 4] != 0;
}

static bool is_in(const struct window *window, uint64_t address)
{
    return window->base <= address && address < window->end;
}

/* Unprivileged code has no access to the private bus (Arm v7-M ARM, section B3.1.1), but to STIR if it may. */
static bool may_use_private_bus(struct state *state, void *engine, uint64_t address)
{
    if (state->access.xpsr & EXCEPTION_BITS || (address == NVIC_STIR && state->stir_for_all)) {
        return true;
    }
    uint64_t control = 0;
    state->uc_reg_read(engine, UC_ARM_REG_CONTROL, &control);
    return !(control & CONTROL_NPRIV);
}

/* Whether the code that runs finds a register at an address. */
static bool finds_register(struct state *state, void *engine, uint64_t address)
{
    if (is_in(&state->peripherals, address)) {
        return is_register(&state->peripherals, address);
    }
    if (is_in(&state->ahb2, address)) {
        return is_register(&state->ahb2, address);
    }
    for (int index = 0; index < MOST_UNMODELLED; index++) {
        if (is_in(&state->unmodelled[index], address)) {
            return is_register(&state->unmodelled[index], address);
        }
    }
    return is_in(&state->private_bus, address) && may_use_private_bus(state, engine, address) &&
           is_register(&state->private_bus, address);
}

/*
 * UC_HOOK_MEM_INVALID; true lets the access through. What is let through to flash ends there: it is read-only
 * to Unicorn, which drops the store.
 */
bool access_hook(void *engine, int kind, uint64_t address, int size, int64_t value, void *data)
{
    struct state *const state = data;
    const struct memory *const memory = &state->memory;
    struct access *const access = &state->access;
    state->uc_reg_read(engine, UC_ARM_REG_PC, &access->pc);
    state->uc_reg_read(engine, UC_ARM_REG_XPSR, &access->xpsr);
    access->cycles = state->cycles - cycles_left(state, access->pc);
    /* What firmware measures between two reads of a counter does not depend on what it did before. */
    state->fraction = 0;
    state->loop_key = 0;
    const bool refused = state->intervals != 0 && !mpu_allows(state, kind, address);
    if (refused && state->fault.kind == 0) {
        state->fault.by_mpu = 1;
    }
    const int64_t place = place_of(memory, address);
    if (state->intervals != 0 && !refused && place >= 0) {
        if (kind == UC_MEM_READ_PROT || kind == UC_MEM_FETCH_PROT) {
            return true;
        }
        if (kind == UC_MEM_WRITE_PROT && !stands_in_flash(memory, address)) {
            store_in_ram(memory, place, size, (uint64_t)value);
            return true;
        }
    }
    if (!refused && (kind == UC_MEM_READ_PROT || kind == UC_MEM_WRITE_PROT)) {
        const bool in_flash =
            kind == UC_MEM_WRITE_PROT && memory->flash_base <= address && address < memory->flash_end;
        if (in_flash) {
            store_in_flash(state, address, size, (uint64_t)value);
        }
        if (in_flash || finds_register(state, engine, address)) {
            if (access->xpsr & IT_BITS) {
                access->xpsr &= ~(uint64_t)IT_BITS;
                state->uc_reg_write(engine, UC_ARM_REG_XPSR, &access->xpsr);
            }
            return true;
        }
    }
    struct fault *const fault = &state->fault;
    if (fault->kind == 0) {
        fault->kind = (uint64_t)kind;
        fault->address = address;
        fault->size = (uint64_t)size;
        fault->pc = access->pc;
        fault->xpsr = access->xpsr;
        fault->cycles = access->cycles;
    }
    state->stop = 1;
    return false;
}

/* A load from the window of the peripherals, after `access_hook` has let it through. */
uint64_t peripheral_read(void *engine, uint64_t offset, unsigned size, void *data)
{
    struct state *const state = data;
    const uint64_t byte = offset - state->flash.status_offset;
    if (byte < 4) {
        return flash_status(state) >> 8 * byte & (((uint64_t)1 << 8 * size) - 1);
    }
    return state->read_register(engine, offset, size, NULL);
}
