/*
 * The part of the FLASH controller that runs while the core does (RM0385 section 3): stores into flash, and
 * reads of SR, which firmware polls once and more for every word that it programs. The rest is flash.py.
 */
#include "hooks.h"

/* Lets time pass in the middle of an access, up to a cycle. */
static void pass_cycles(struct state *state, uint64_t until)
{
    if (until > state->access.cycles) {
        state->waited += until - state->access.cycles;
        state->cycles += until - state->access.cycles;
        state->access.cycles = until;
    }
}

static uint64_t min(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* The operation is over; EOP needs EOPIE (RM0385 section 3.7.4). */
static void end_operation(struct flash *flash)
{
    flash->pending = 0;
    if (flash->control & FLASH_CR_EOPIE) {
        flash->status |= FLASH_SR_EOP;
    }
}

/*
 * Who reads SR while flash is busy waits: time goes on to the end. It goes no further than the deadline, so
 * that interrupts come in time. If flash stays busy on purpose, a read lets the time of programming a word
 * pass, so that timeouts come.
 */
uint64_t flash_status(struct state *state)
{
    struct flash *const flash = &state->flash;
    if (state->access.cycles < flash->busy_until) {
        pass_cycles(state, min(flash->busy_until, state->deadline));
        return flash->status | FLASH_SR_BSY;
    }
    if (flash->pending) {
        if (flash->stays_busy) {
            pass_cycles(state, min(state->access.cycles + flash->program_cycles, state->deadline));
            return flash->status | FLASH_SR_BSY;
        }
        end_operation(flash);
    }
    return flash->status;
}

/* The error flags that a store into flash sets (RM0385 section 3.7.4); 0 if it is right. */
static uint64_t refusal(const struct flash *flash, uint64_t address, int size)
{
    const uint64_t control = flash->control;
    uint64_t flags = 0;
    if ((control & (FLASH_CR_LOCK | FLASH_CR_PG | flash->erase_bits)) != FLASH_CR_PG) {
        flags = FLASH_SR_ERSERR;
    } else {
        if (size != 1 << (control >> FLASH_CR_PSIZE_SHIFT & 3)) {
            flags |= FLASH_SR_PGPERR;
        }
        if (address & (uint64_t)(size - 1)) {
            flags |= FLASH_SR_PGAERR;
        }
        if (flags == 0 && flash->fails) {
            flags = FLASH_SR_WRPERR;
        }
    }
    if (flags != 0 && control & FLASH_CR_ERRIE) {
        flags |= FLASH_SR_OPERR;
    }
    return flags;
}

/* What programming does with the bytes of flash; the operation begins. */
static uint64_t begin_programming(struct state *state, uint64_t address, int size, uint64_t value)
{
    struct flash *const flash = &state->flash;
    const uint64_t place = address - state->memory.flash_base;
    for (int index = 0; index < size; index++) {
        uint8_t *const byte = &state->memory.bytes[place + (uint64_t)index];
        *byte &= (uint8_t)(value >> 8 * index);
        if (flash->flip == address + (uint64_t)index) {
            *byte ^= 1;
            flash->flip = 0;
        }
    }
    if (state->memory.executed[place >> EXECUTED_SHIFT]) {
        state->code_changed = 1;
    }
    flash->changes += 1;
    flash->pending = 1;
    flash->busy_until = state->access.cycles + flash->program_cycles;
    return flash->control & FLASH_CR_EOPIE ? FLASH_SR_EOP : 0;
}

/* Sets error flags; returns those that were not set before. */
static uint64_t refuse(struct flash *flash, uint64_t flags)
{
    const uint64_t new = flags & ~flash->status;
    flash->status |= flags;
    return new;
}

/*
 * RM0432 section 3.3.7: two words, the first at a multiple of 8, and the second one behind it, which begins. No
 * error may be left in SR, and the double word must be erased, or is to become all zeros.
 */
static uint64_t refusal_of_word(const struct state *state, uint64_t address, int size, uint64_t value)
{
    const uint64_t errors = FLASH_SR_PROGERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR | FLASH_SR_ERSERR;
    const struct flash *const flash = &state->flash;
    if ((flash->control & (FLASH_CR_LOCK | FLASH_CR_PG | flash->erase_bits)) != FLASH_CR_PG ||
        flash->status & errors) {
        return FLASH_SR_ERSERR;
    }
    if (size != 4) {
        return FLASH_SR_PGPERR;
    }
    if (address != (flash->has_first ? flash->first_address + 4 : address & ~(uint64_t)7)) {
        return FLASH_SR_PGAERR;
    }
    if (!flash->has_first) {
        return 0;
    }
    if (flash->fails) {
        return FLASH_SR_WRPERR;
    }
    const uint8_t *const bytes = &state->memory.bytes[flash->first_address - state->memory.flash_base];
    bool erased = true;
    for (int index = 0; index < 8; index++) {
        erased = erased && bytes[index] == 0xFF;
    }
    return erased || (value == 0 && flash->first_word == 0) ? 0 : FLASH_SR_PROGERR;
}

static uint64_t program_word(struct state *state, uint64_t address, int size, uint64_t value)
{
    struct flash *const flash = &state->flash;
    uint64_t flags = refusal_of_word(state, address, size, value & 0xFFFFFFFF);
    if (flags != 0) {
        flash->has_first = 0;
        return refuse(flash, flags | (flash->control & FLASH_CR_ERRIE ? FLASH_SR_OPERR : 0));
    }
    if (!flash->has_first) {
        flash->has_first = 1;
        flash->first_address = address;
        flash->first_word = value & 0xFFFFFFFF;
        return 0;
    }
    flash->has_first = 0;
    return begin_programming(state, flash->first_address, 8, value << 32 | flash->first_word);
}

/* A store of a double register is one of two words on the bus. */
static uint64_t program_double_word(struct state *state, uint64_t address, int size, uint64_t value)
{
    if (size != 8) {
        return program_word(state, address, size, value);
    }
    const uint64_t notice = program_word(state, address, 4, value);
    return notice != 0 ? notice : program_word(state, address + 4, 4, value >> 32);
}

/*
 * A store into flash at the cycle of the access: it waits, then clears bits or sets error flags. Returns what
 * Python has to look at: flags that were not set before, and EOP when an operation has begun whose end may
 * interrupt.
 */
static uint64_t program(struct state *state, uint64_t address, int size, uint64_t value)
{
    struct flash *const flash = &state->flash;
    pass_cycles(state, flash->busy_until);
    if (flash->pending && !flash->stays_busy) {
        end_operation(flash);
    }
    if (flash->double_words) {
        return program_double_word(state, address, size, value);
    }
    const uint64_t flags = refusal(flash, address, size);
    return flags != 0 ? refuse(flash, flags) : begin_programming(state, address, size, value);
}

void store_in_flash(struct state *state, uint64_t address, int size, uint64_t value)
{
    struct flash *const flash = &state->flash;
    if (state->fault.kind != 0) {
        return; /* Unicorn goes on after an access that was refused; the core does not. */
    }
    if (size == 1 && address == flash->repeat_next && address < flash->repeat_end) {
        /* Unicorn repeats an unaligned store byte by byte; the whole of it has been refused. */
        flash->repeat_next += 1;
        return;
    }
    flash->repeat_next = flash->repeat_end = 0;
    if (address & (uint64_t)(size - 1)) {
        flash->repeat_next = address;
        flash->repeat_end = address + (uint64_t)size;
    }
    const uint64_t control = flash->control;
    const uint64_t notice = program(state, address, size, value);
    if (notice != 0) {
        flash->notice |= notice;
        flash->notice_address = address;
        flash->notice_size = (uint64_t)size;
        flash->notice_pc = state->access.pc;
        flash->notice_control = control;
        state->stop = 1;
    }
}

/* A store from outside, while the core stands still; returns what `program` does. */
uint64_t program_flash(struct state *state, uint64_t address, int size, uint64_t value)
{
    state->access.cycles = state->cycles;
    return program(state, address, size, value);
}
