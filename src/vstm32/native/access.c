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

/* Where peripherals and devices begin in the map without an MPU (Arm v7-M ARM, table B3-1). */
#define DEVICE_BASE 0xA0000000u

/* PERMIT_ bits of an address while the MPU is on. */
static uint64_t permits(const struct state *state, uint64_t address)
{
    uint64_t index = state->intervals - 1;
    while (index > 0 && state->protection[index].first > address) {
        index -= 1;
    }
    return state->protection[index].allowed;
}

/* Whether the MPU, which is on, lets an access to an address through. */
static bool mpu_allows(const struct state *state, int kind, uint64_t address)
{
    uint64_t wanted = PERMIT_READ;
    if (kind == UC_MEM_WRITE_PROT || kind == UC_MEM_WRITE_UNMAPPED) {
        wanted = PERMIT_WRITE;
    } else if (kind == UC_MEM_FETCH_PROT || kind == UC_MEM_FETCH_UNMAPPED) {
        wanted = PERMIT_EXECUTE;
    }
    return (permits(state, address) & wanted) != 0;
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

/* Whether memory that an address is in, not that of a device, takes accesses of any alignment. */
static bool takes_unaligned(const struct state *state, uint64_t address)
{
    return state->intervals != 0 ? (permits(state, address) & PERMIT_UNALIGNED) != 0 : address < DEVICE_BASE;
}

/*
 * Whether a memory of the board takes an access that Unicorn has asked about; a store has been done then. While it is
 * closed, or device memory, Unicorn asks about each.
 */
static bool external_takes(struct state *state, const struct external *external, int kind, uint64_t address,
                           int size, uint64_t value)
{
    if (!external->is_open) {
        return false;
    }
    if (kind == UC_MEM_FETCH_PROT || kind == UC_MEM_FETCH_UNMAPPED) {
        return state->intervals != 0 || address < DEVICE_BASE;
    }
    if ((address & (uint64_t)(size - 1)) != 0 && !takes_unaligned(state, address)) {
        if (state->fault.kind == 0) {
            state->fault.unaligned = 1;
        }
        return false;
    }
    if (kind == UC_MEM_READ_PROT) {
        return true;
    }
    if (kind != UC_MEM_WRITE_PROT || !external->writable) {
        return false;
    }
    store_in_ram(&state->memory, (int64_t)(address - external->base + external->place), size, value);
    return true;
}

/* Lets the access go on that Unicorn has asked about. */
static bool let_through(struct state *state, void *engine)
{
    struct access *const access = &state->access;
    if (access->xpsr & IT_BITS) {
        access->xpsr &= ~(uint64_t)IT_BITS;
        state->uc_reg_write(engine, UC_ARM_REG_XPSR, &access->xpsr);
    }
    return true;
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
    if (is_in(&state->controllers, address)) {
        return is_register(&state->controllers, address);
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
    const struct external *const external = external_at(memory, address);
    if (external != NULL && !refused &&
        external_takes(state, external, kind, address, size, (uint64_t)value)) {
        return let_through(state, engine);
    }
    const int64_t place = external != NULL ? -1 : place_of(memory, address);
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
            return let_through(state, engine);
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

static uint64_t read_external(const struct state *state, int which, uint64_t offset, unsigned size)
{
    const uint8_t *const bytes = state->memory.bytes + state->memory.external[which].place + offset;
    uint64_t value = 0;
    for (unsigned index = 0; index < size; index++) {
        value |= (uint64_t)bytes[index] << 8 * index;
    }
    return value;
}

/* Loads from memories of the board that are asked about one by one, after `access_hook` has let them through. */
uint64_t sdram_read(void *engine, uint64_t offset, unsigned size, void *data)
{
    (void)engine;
    return read_external(data, EXTERNAL_SDRAM, offset, size);
}

uint64_t serial_flash_read(void *engine, uint64_t offset, unsigned size, void *data)
{
    (void)engine;
    return read_external(data, EXTERNAL_SERIAL_FLASH, offset, size);
}

/* `access_hook` has stored it. */
void external_write(void *engine, uint64_t offset, unsigned size, uint64_t value, void *data)
{
    (void)engine;
    (void)offset;
    (void)size;
    (void)value;
    (void)data;
}
