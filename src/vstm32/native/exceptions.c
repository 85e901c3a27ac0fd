/*
 * Exceptions as long as they are plain: priorities, entry, return and tail-chaining (Arm v7-M ARM, section B1.5),
 * delivered between two runs of Unicorn without Python.
 *
 * What is not plain is left as it was, and Python does it: faults and where they come from (a frame outside of RAM
 * or over code that has run, a vector without the Thumb bit, an illegal EXC_RETURN), FPU registers that are stacked at
 * once, SLEEPONEXIT, and all of them while the MPU is on or somebody follows what runs (`natively` is 0 then).
 * exceptions.py and frames.py have the rules in full; a test holds both ways against each other.
 */
#include "hooks.h"

/* Exception numbers of QEMU's Arm target (target/arm/cpu.h), as Unicorn hands them to an interrupt hook. */
#define QEMU_SVC 2
#define QEMU_EXCEPTION_EXIT 8

#define THUMB (1u << 24)
#define EXCEPTION_BITS 0x1FFu
#define STACK_ALIGNED (1u << 9)
#define KEPT_AT_ENTRY 0xF80F0000u /* APSR; IPSR and EPSR are new (section B1.5.6) */

/* CONTROL */
#define UNPRIVILEGED 1u
#define USES_PSP 2u
#define FP_ACTIVE 4u

/* FPCCR (section B3.2.21) */
#define LSPACT 1u
#define USER 2u
#define THREAD 8u
#define HFRDY (1u << 4)
#define MMRDY (1u << 5)
#define BFRDY (1u << 6)
#define LSPEN (1u << 30)
#define ASPEN (1u << 31)

/* EXC_RETURN (section B1.5.8) */
#define RETURN_TO_HANDLER 0x1u
#define RETURN_TO_MSP 0x9u
#define RETURN_TO_PSP 0xDu
#define WITHOUT_FP 0x10u

enum {
    BASIC_WORDS = 8,
    EXTENDED_WORDS = 26,
    FP_WORDS = 17, /* S0 to S15 and FPSCR, which a word that is reserved follows */
};

/* --- sets of exceptions, and priorities */

static bool has(const uint64_t *set, uint64_t number)
{
    return number < MOST_EXCEPTIONS && (set[number >> 6] >> (number & 63) & 1) != 0;
}

static void add(uint64_t *set, uint64_t number)
{
    set[number >> 6] |= (uint64_t)1 << (number & 63);
}

static void discard(uint64_t *set, uint64_t number)
{
    set[number >> 6] &= ~((uint64_t)1 << (number & 63));
}

static bool is_empty(const uint64_t *set)
{
    return (set[0] | set[1] | set[2] | set[3]) == 0;
}

/* Fixed ones of reset, NMI and HardFault are -3 to -1, others 0 (first) to 255. */
static int64_t priority_of(const struct exceptions *exceptions, uint64_t number)
{
    return number <= EXCEPTION_HARD_FAULT ? (int64_t)number - 4 : exceptions->priorities[number];
}

/* Only the group part of a priority decides on preemption (AIRCR.PRIGROUP). */
static int64_t group_of(const struct exceptions *exceptions, int64_t priority)
{
    return priority < 0 ? priority : priority & (0xFF << (exceptions->priority_group + 1));
}

/* The group part of the priority of an exception. */
int64_t group_priority(const struct exceptions *exceptions, uint64_t number)
{
    return group_of(exceptions, priority_of(exceptions, number));
}

/* Priority of what runs now, with BASEPRI alone. */
int64_t priority_of_handlers(const struct exceptions *exceptions, uint64_t basepri)
{
    int64_t current = LOWEST_PRIORITY;
    for (unsigned word = 0; word < EXCEPTION_WORDS; word++) {
        for (uint64_t left = exceptions->active[word]; left != 0; left &= left - 1) {
            const int64_t group = group_priority(exceptions, 64 * word + (unsigned)__builtin_ctzll(left));
            current = group < current ? group : current;
        }
    }
    const int64_t base = group_of(exceptions, (int64_t)(basepri & 0xFF));
    return (basepri & 0xFF) != 0 && base < current ? base : current;
}

/* Priority of what runs now, with PRIMASK, FAULTMASK and BASEPRI. */
int64_t execution_priority(const struct exceptions *exceptions, uint64_t basepri, uint64_t primask, uint64_t faultmask)
{
    int64_t current = priority_of_handlers(exceptions, basepri);
    if ((primask & 1) != 0 && current > 0) {
        current = 0;
    }
    if ((faultmask & 1) != 0 && current > -1) {
        current = -1;
    }
    return current;
}

/* The enabled pending exception that goes first, whether or not it may preempt; -1: there is none. */
int64_t best_pending(const struct exceptions *exceptions)
{
    int64_t best = -1, first = LOWEST_PRIORITY;
    for (unsigned word = 0; word < EXCEPTION_WORDS; word++) {
        for (uint64_t left = exceptions->pending[word]; left != 0; left &= left - 1) {
            const uint64_t number = 64 * word + (unsigned)__builtin_ctzll(left);
            const bool is_enabled = number < 16 || has(exceptions->enabled, number);
            const int64_t priority = priority_of(exceptions, number);
            const bool is_masked = exceptions->interrupts_masked != 0 && number >= EXCEPTION_PENDSV;
            if (is_enabled && !is_masked && priority < first) {
                best = (int64_t)number;
                first = priority;
            }
        }
    }
    return best;
}

/* Whether the FPU is watched: off, or with registers of interrupted code that are not stacked yet. */
void watch_fpu(struct state *state)
{
    const struct exceptions *const exceptions = &state->exceptions;
    state->fpu_off = (exceptions->fp_control & LSPACT) != 0 || exceptions->fpu_enabled == 0;
}

/* --- registers and memory */

static uint32_t read_register(struct state *state, void *engine, int number)
{
    uint64_t value = 0;
    state->uc_reg_read(engine, number, &value);
    return (uint32_t)value;
}

static void write_register(struct state *state, void *engine, int number, uint64_t value)
{
    state->uc_reg_write(engine, number, &value);
    if (number == UC_ARM_REG_XPSR && state->is_v7m != 0) {
        /* Unicorn looks only now whether the core is in a handler, where EXC_RETURN has its meaning. */
        state->uc_reg_write(engine, UC_ARM_REG_APSR_NZCV, &value);
    }
}

/* R0 to R3, R12 and LR, in the order of a frame. */
static int caller_saved[] = {
    UC_ARM_REG_R0, UC_ARM_REG_R0 + 1, UC_ARM_REG_R0 + 2, UC_ARM_REG_R0 + 3, UC_ARM_REG_R12, UC_ARM_REG_LR,
};
enum { CALLER_SAVED = 6, RETURN_ADDRESS = 6, FRAME_XPSR = 7 };

static void name_fp_registers(int *numbers)
{
    for (int index = 0; index < FP_WORDS - 1; index++) {
        numbers[index] = UC_ARM_REG_S0 + index;
    }
    numbers[FP_WORDS - 1] = UC_ARM_REG_FPSCR;
}

static void read_registers(struct state *state, void *engine, int *numbers, uint32_t *words, int count)
{
    uint64_t values[FP_WORDS] = {0};
    void *places[FP_WORDS];
    for (int index = 0; index < count; index++) {
        places[index] = &values[index];
    }
    state->uc_reg_read_batch(engine, numbers, places, count);
    for (int index = 0; index < count; index++) {
        words[index] = (uint32_t)values[index];
    }
}

static void write_registers(struct state *state, void *engine, int *numbers, const uint32_t *words, int count)
{
    uint64_t values[FP_WORDS];
    void *places[FP_WORDS];
    for (int index = 0; index < count; index++) {
        values[index] = words[index];
        places[index] = &values[index];
    }
    state->uc_reg_write_batch(engine, numbers, places, count);
}

/* So many words of RAM at an address, from which no code has run; NULL where it is something else. */
static uint32_t *plain_words(const struct memory *memory, uint64_t address, uint64_t count)
{
    const uint64_t end = address + 4 * count;
    if (address % 4 != 0 || address < memory->ram_base || end > memory->ram_end) {
        return NULL;
    }
    const uint64_t place = address - memory->ram_base + memory->ram_place;
    const uint64_t last = (place + 4 * count - 1) >> EXECUTED_SHIFT;
    for (uint64_t part = place >> EXECUTED_SHIFT; part <= last; part++) {
        if (memory->executed[part] != 0) {
            return NULL;
        }
    }
    return (uint32_t *)(void *)(memory->bytes + place);
}

/* The vector of an exception; 0 where it cannot be read or is no Thumb code. */
static uint32_t vector_of(const struct state *state, uint64_t number)
{
    const uint64_t address = state->exceptions.vector_table + 4 * number;
    const int64_t place = place_of(&state->memory, address);
    if (place < 0 || address % 4 != 0) {
        return 0;
    }
    const uint32_t vector = *(const uint32_t *)(const void *)(state->memory.bytes + place);
    return (vector & 1) != 0 ? vector : 0;
}

/* --- entry and return */

static int64_t priority_now(struct state *state, void *engine)
{
    return execution_priority(&state->exceptions, read_register(state, engine, UC_ARM_REG_BASEPRI),
                              read_register(state, engine, UC_ARM_REG_PRIMASK),
                              read_register(state, engine, UC_ARM_REG_FAULTMASK));
}

/* ExceptionTaken() of section B1.5.6. */
static void take(struct state *state, void *engine, uint64_t number, uint32_t vector, uint32_t exc_return,
                 uint64_t cycles)
{
    struct exceptions *const exceptions = &state->exceptions;
    add(exceptions->active, number);
    discard(exceptions->pending, number);
    const uint32_t xpsr = read_register(state, engine, UC_ARM_REG_XPSR);
    write_register(state, engine, UC_ARM_REG_XPSR, (xpsr & KEPT_AT_ENTRY) | THUMB | number);
    write_register(state, engine, UC_ARM_REG_CONTROL, read_register(state, engine, UC_ARM_REG_CONTROL) & UNPRIVILEGED);
    write_register(state, engine, UC_ARM_REG_LR, exc_return);
    state->program_counter = vector & ~1u;
    exceptions->event = 1;
    exceptions->delivered += 1;
    exceptions->cycles += cycles;
    state->cycles += cycles;
}

/* HFRDY, MMRDY and BFRDY of FPCCR: the faults that could be taken now. */
static uint32_t ready_bits(struct state *state, void *engine)
{
    const struct exceptions *const exceptions = &state->exceptions;
    const int64_t now = priority_now(state, engine);
    uint32_t ready = group_priority(exceptions, EXCEPTION_HARD_FAULT) < now ? HFRDY : 0;
    if (has(exceptions->faults, EXCEPTION_MEM_MANAGE) && group_priority(exceptions, EXCEPTION_MEM_MANAGE) < now) {
        ready |= MMRDY;
    }
    if (has(exceptions->faults, EXCEPTION_BUS_FAULT) && group_priority(exceptions, EXCEPTION_BUS_FAULT) < now) {
        ready |= BFRDY;
    }
    return ready;
}

static uint32_t words_of_frame(bool with_fp)
{
    return with_fp ? EXTENDED_WORDS : BASIC_WORDS;
}

/* Pushes the frame of what runs and goes to a handler; false, and nothing has changed, where that is not plain. */
static bool enter(struct state *state, void *engine, uint64_t number)
{
    struct exceptions *const exceptions = &state->exceptions;
    const uint32_t control = read_register(state, engine, UC_ARM_REG_CONTROL);
    const uint32_t xpsr = read_register(state, engine, UC_ARM_REG_XPSR);
    const uint32_t stack = read_register(state, engine, UC_ARM_REG_SP);
    const bool in_thread = (xpsr & EXCEPTION_BITS) == 0;
    const bool with_fp = (control & FP_ACTIVE) != 0 && (exceptions->fp_control & ASPEN) != 0;
    const uint32_t padding = stack & 4;
    const uint32_t frame = stack - padding - 4 * words_of_frame(with_fp);
    uint32_t *const words = plain_words(&state->memory, frame, words_of_frame(with_fp));
    const uint32_t vector = vector_of(state, number);
    if (words == NULL || vector == 0 || (with_fp && (exceptions->fp_control & LSPEN) == 0)) {
        return false;
    }
    read_registers(state, engine, caller_saved, words, CALLER_SAVED);
    words[RETURN_ADDRESS] = (uint32_t)state->program_counter & ~1u;
    words[FRAME_XPSR] = (xpsr & ~STACK_ALIGNED) | (padding != 0 ? STACK_ALIGNED : 0);
    if (with_fp) {
        const uint32_t who = in_thread ? THREAD | ((control & UNPRIVILEGED) != 0 ? USER : 0) : 0;
        exceptions->fp_address = frame + 4 * BASIC_WORDS;
        exceptions->fp_control =
            (exceptions->fp_control & (ASPEN | LSPEN)) | ready_bits(state, engine) | who | LSPACT;
        watch_fpu(state);
    }
    write_register(state, engine, UC_ARM_REG_SP, frame);
    const uint32_t of_thread = (control & USES_PSP) != 0 ? RETURN_TO_PSP : RETURN_TO_MSP;
    const uint32_t exc_return = 0xFFFFFFE0u | (with_fp ? 0 : WITHOUT_FP) | (in_thread ? of_thread : RETURN_TO_HANDLER);
    take(state, engine, number, vector, exc_return, exceptions->entry_cycles);
    return true;
}

/* Pops the frame that EXC_RETURN names; false, and nothing has changed, where that is not plain. */
static bool pop(struct state *state, void *engine, uint32_t exc_return, bool to_thread)
{
    struct exceptions *const exceptions = &state->exceptions;
    const bool from_psp = (exc_return & 0xF) == RETURN_TO_PSP;
    const bool with_fp = (exc_return & WITHOUT_FP) == 0;
    const uint32_t frame = read_register(state, engine, from_psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP) & ~3u;
    const uint32_t size = words_of_frame(with_fp);
    const uint32_t *const words = plain_words(&state->memory, frame, size);
    if (words == NULL) {
        return false;
    }
    const uint32_t xpsr = words[FRAME_XPSR];
    if ((xpsr & THUMB) == 0 || ((xpsr & EXCEPTION_BITS) == 0) != to_thread) {
        return false;
    }
    if (with_fp && (exceptions->fp_control & LSPACT) != 0) {
        /* The interrupted code goes on with its registers: nothing is to be stacked any more. */
        exceptions->fp_control &= ~(uint64_t)LSPACT;
        watch_fpu(state);
    } else if (with_fp) {
        int numbers[FP_WORDS];
        name_fp_registers(numbers);
        write_registers(state, engine, numbers, words + BASIC_WORDS, FP_WORDS);
    }
    write_registers(state, engine, caller_saved, words, CALLER_SAVED);
    /* CONTROL first: an unprivileged thread could not be given its stack any more. */
    const uint32_t control = read_register(state, engine, UC_ARM_REG_CONTROL) & UNPRIVILEGED;
    write_register(state, engine, UC_ARM_REG_CONTROL,
                   control | (from_psp ? USES_PSP : 0) | (with_fp ? FP_ACTIVE : 0));
    const uint32_t stack = (frame + 4 * size) | ((xpsr & STACK_ALIGNED) != 0 ? 4u : 0);
    state->program_counter = words[RETURN_ADDRESS] & ~1u;
    write_register(state, engine, UC_ARM_REG_XPSR, (xpsr & ~STACK_ALIGNED) | THUMB);
    write_register(state, engine, UC_ARM_REG_SP, stack);
    exceptions->delivered += 1;
    exceptions->cycles += exceptions->entry_cycles;
    state->cycles += exceptions->entry_cycles;
    return true;
}

/* Ends the handler that runs; false, and nothing has changed, where that is not plain. */
static bool leave(struct state *state, void *engine)
{
    struct exceptions *const exceptions = &state->exceptions;
    const uint32_t exc_return = (uint32_t)state->program_counter | 1;
    const uint64_t number = read_register(state, engine, UC_ARM_REG_XPSR) & EXCEPTION_BITS;
    const uint32_t kind = exc_return & 0xF;
    if (!has(exceptions->active, number) || exc_return >> 5 != 0x7FFFFFF) {
        return false;
    }
    const struct exceptions before = *exceptions;
    const uint32_t faultmask = read_register(state, engine, UC_ARM_REG_FAULTMASK);
    discard(exceptions->active, number);
    const bool is_last = is_empty(exceptions->active);
    const bool to_thread =
        (kind == RETURN_TO_MSP || kind == RETURN_TO_PSP) && (is_last || exceptions->thread_below_handlers != 0);
    bool done = false;
    if ((to_thread || (kind == RETURN_TO_HANDLER && !is_last)) && !(is_last && exceptions->sleeps_on_exit != 0)) {
        if (number != EXCEPTION_NMI) {
            write_register(state, engine, UC_ARM_REG_FAULTMASK, 0);
        }
        exceptions->event = 1;
        if (has(exceptions->lines, number)) {
            /* A line that is still high asks again. */
            add(exceptions->pending, number);
        }
        const int64_t following = best_pending(exceptions);
        if (following >= 0 && group_priority(exceptions, (uint64_t)following) < priority_now(state, engine)) {
            const uint32_t vector = vector_of(state, (uint64_t)following);
            done = vector != 0;
            if (done) {
                take(state, engine, (uint64_t)following, vector, exc_return, exceptions->chain_cycles);
            }
        } else {
            done = pop(state, engine, exc_return, to_thread);
        }
    }
    if (!done) {
        *exceptions = before;
        write_register(state, engine, UC_ARM_REG_FAULTMASK, faultmask);
    }
    return done;
}

/* Stacks the FPU registers that have waited, before a handler uses the FPU; false where that is not plain. */
static bool stack_fp_registers(struct state *state, void *engine)
{
    struct exceptions *const exceptions = &state->exceptions;
    uint32_t *const words = plain_words(&state->memory, exceptions->fp_address, FP_WORDS + 1);
    if (exceptions->fpu_enabled == 0 || (exceptions->fp_control & LSPACT) == 0 || words == NULL) {
        return false;
    }
    int numbers[FP_WORDS];
    name_fp_registers(numbers);
    read_registers(state, engine, numbers, words, FP_WORDS);
    words[FP_WORDS] = 0;
    exceptions->fp_control &= ~(uint64_t)LSPACT;
    watch_fpu(state);
    state->fpu_trap = 0;
    return true;
}

static bool call_supervisor(struct state *state, void *engine)
{
    return group_priority(&state->exceptions, EXCEPTION_SVCALL) < priority_now(state, engine) &&
           enter(state, engine, EXCEPTION_SVCALL);
}

/* Enters the first pending exception if it may preempt what runs; false where that is not plain. */
static bool take_pending(struct state *state, void *engine)
{
    const int64_t number = best_pending(&state->exceptions);
    if (number < 0) {
        return true;
    }
    if (group_priority(&state->exceptions, (uint64_t)number) >= priority_now(state, engine)) {
        state->watch_unmask = 1;
        return true;
    }
    if (!enter(state, engine, (uint64_t)number)) {
        return false;
    }
    state->watch_unmask = state->unmask_seen = 0;
    return true;
}

/* --- the loop about Unicorn */

/* UC_HOOK_INTR: Unicorn has come to an exception that it does not deliver. */
void interrupt_hook(void *engine, uint32_t number, void *data)
{
    struct state *const state = data;
    state->interrupt = (uint64_t)number + 1;
    state->uc_emu_stop(engine);
}

/* Whether what has stopped Unicorn is done; else it is left for Python. `looks`: something has become pending. */
static bool settle(struct state *state, void *engine, bool looks)
{
    if (state->exceptions.natively == 0 || state->fault.kind != 0 || state->divide_trap != 0 ||
        state->flash.notice != 0 || state->code_changed != 0) {
        return false;
    }
    if (state->interrupt == QEMU_EXCEPTION_EXIT + 1) {
        return leave(state, engine);
    }
    if (state->interrupt == QEMU_SVC + 1) {
        return call_supervisor(state, engine);
    }
    if (state->interrupt != 0) {
        return false;
    }
    return state->fpu_trap != 0 ? stack_fp_registers(state, engine) : looks;
}

/*
 * Runs the core from an address, up to another one, until there is something for Python to decide; where it stands
 * then is in `program_counter`. Returns Unicorn's error, 0 for none.
 */
int run_core(struct state *state, void *engine, uint64_t begin, uint64_t until)
{
    state->program_counter = begin;
    for (;;) {
        state->interrupt = 0;
        const int error = state->uc_emu_start(engine, state->program_counter | 1, until, 0, 0);
        state->program_counter = read_register(state, engine, UC_ARM_REG_PC);
        const uint64_t stopped_at = state->program_counter;
        /* Exchanged, not written: a stop that another thread wants now must not be lost. */
        const bool stopped = __atomic_exchange_n(&state->stop, 0, __ATOMIC_SEQ_CST) != 0;
        const bool wanted = __atomic_load_n(&state->wanted, __ATOMIC_SEQ_CST) != 0;
        if (error != 0 || !settle(state, engine, stopped && !wanted)) {
            if (stopped) {
                state->stop = 1;
            }
            return error;
        }
        state->interrupt = 0;
        if (stopped_at != state->program_counter) {
            state->previous = state->records;
        }
        state->loop_key = 0;
        /* From here on it is as between two slices, which begin with alarms. */
        if (wanted || state->cycles >= state->deadline || !take_pending(state, engine)) {
            state->stop = 1;
            return 0;
        }
        if (stopped_at != state->program_counter) {
            state->previous = state->records;
        }
    }
}
