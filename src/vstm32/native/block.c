/*
 * What runs before every basic block: it stops where the deadline has passed or a stop is wanted, otherwise it
 * adds the cost of the block to the cycle counter: what block_cost.py has put into the block's record, a
 * mispredicted branch, lines that are not in the cache for instructions. Code in flash waits until flash is no
 * longer busy (RM0385 section 3.3).
 *
 * Every block that has run has a record, found by a number for each halfword of memory. Python makes it when
 * the block runs for the first time. Code in RAM may change at any time: its record has a hash of it, which is
 * looked at each time. Which parts of memory have been executed is kept: only where flash is programmed in one
 * of these, or another master than the core writes there, costs and translated blocks are to be dropped.
 */
#include "hooks.h"

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A block's key: its address, and its size in the lower 16 bits. */
static inline uint64_t key_of(uint64_t address, uint32_t size)
{
    return address << 16 | size;
}

/* Whether an instruction of coprocessor 10 or 11 (the FPU) stands in a block. */
static bool uses_fpu(const struct memory *memory, uint64_t address, uint32_t size)
{
    const int64_t place = place_of(memory, address);
    if (place < 0) {
        return false;
    }
    const uint16_t *code = halfwords(memory) + place / 2;
    const uint16_t *const end = code + size / 2;
    while (code < end) {
        if (code[0] >= 0xE800) {
            if ((code[0] & 0xEC00) == 0xEC00 && (code[1] >> 9 & 7) == 5) {
                return true;
            }
            code += 2;
        } else {
            code += 1;
        }
    }
    return false;
}

/*
 * Whether the instruction before an address may have lowered an interrupt mask: CPSIE is 0xB66x, MSR is
 * 0xF38n 0x88xx (Arm v7-M ARM, sections B5.2.1 and B5.2.3).
 */
static bool follows_unmask(const struct memory *memory, uint64_t address)
{
    const int64_t place = place_of(memory, address - 4);
    if (place < 0) {
        return true;
    }
    const uint16_t *const code = halfwords(memory) + place / 2;
    return (code[1] & 0xFFF0) == 0xB660 || (code[0] & 0xFFF0) == 0xF380;
}

/* FNV-1a over the halfwords of a block. */
static uint64_t hash_of(const struct memory *memory, int64_t place, uint32_t size)
{
    const uint16_t *const code = halfwords(memory);
    uint64_t hash = 0xCBF29CE484222325;
    for (int64_t index = place / 2; index < (place + size) / 2; index++) {
        hash = (hash ^ code[index]) * 0x100000001B3;
    }
    return hash;
}

/* Unicorn has translated a block. */
static void note_executed(const struct memory *memory, int64_t place, uint32_t size)
{
    const int64_t last = (place + size - 1) >> EXECUTED_SHIFT;
    for (int64_t part = place >> EXECUTED_SHIFT; part <= last; part++) {
        memory->executed[part] = 1;
    }
}

/* The record of a block; Python makes it if there is none. */
static struct record *find_record(struct state *state, uint64_t address, uint32_t size, bool in_flash)
{
    const int64_t place = place_of(&state->memory, address);
    if (place < 0) {
        return state->records;
    }
    struct record *record = state->records + state->block_numbers[place / 2];
    if (record->key == key_of(address, size) &&
        (in_flash || record->content == hash_of(&state->memory, place, size))) {
        return record;
    }
    record = state->records + state->record_block(address, size);
    note_executed(&state->memory, place, size);
    if (!in_flash) {
        record->content = hash_of(&state->memory, place, size);
    }
    return record;
}

/*
 * Whether the branch before a block was predicted wrongly. One that always branches is foreseen to go where it went
 * last. Of others there is a counter of two bits for what the latest branches did; where such a history is kept, a
 * branch that was never taken is foreseen as not taken and is no part of it.
 */
static inline bool mispredicts(struct state *state, struct branch *branch, uint64_t address, bool taken)
{
    const bool elsewhere = branch->target != address;
    if (!branch->is_conditional) {
        branch->target = address;
        return elsewhere;
    }
    if (branch->target == 0 && !taken && state->history_mask != 0) {
        return false;
    }
    uint8_t *const counter = &branch->counters[state->history];
    const bool foreseen = *counter >= 2;
    state->history = (state->history << 1 | taken) & state->history_mask;
    if (taken) {
        branch->target = address;
        *counter = (uint8_t)(*counter + (*counter < 3));
        return !foreseen || elsewhere;
    }
    *counter = (uint8_t)(*counter - (*counter > 0));
    return foreseen;
}

/* Whether a branch that is taken again and again is foreseen, and changes nothing in the predictor. */
static inline bool is_settled(const struct state *state, const struct branch *branch)
{
    return !branch->is_conditional ||
           (state->history == state->history_mask && branch->counters[state->history] == 3);
}

/* The cost of a block after another one; Python finds it when they follow each other the first time. */
static inline uint64_t cost_after(struct state *state, struct record *record, struct record *previous)
{
    for (int index = 0; index < PLACES_AFTER; index++) {
        struct cost_after *const after = &record->after[index];
        if (after->before == previous) {
            return after->cost;
        }
        if (after->before == NULL) {
            struct record *const none = state->records;
            if (previous == none || record == none) {
                break;
            }
            after->cost = state->cost_after((uint64_t)(record - none), (uint64_t)(previous - none));
            after->before = previous;
            return after->cost;
        }
    }
    return record->entered;
}

/*
 * How many lines of a block have to be fetched; they are in the cache from then on. Which line of a set gives
 * way is taken in turn; Arm does not say what the core does.
 */
static uint64_t fetch(struct state *state, uint64_t address, uint32_t size)
{
    const struct memory *const memory = &state->memory;
    const bool through_art = memory->flash_itcm_base <= address && address < memory->flash_itcm_end;
    const struct cache *const cache = through_art ? &state->art : &state->instruction_cache;
    const uint64_t last = (address + size - 1) >> state->line_bits;
    uint64_t missing = 0;
    for (uint64_t line = address >> state->line_bits; line <= last; line++) {
        struct cache_set *const set = &cache->sets[line & (cache->count - 1)];
        const uint64_t tag = line + 1;
        if (set->lines[0] != tag && set->lines[1] != tag) {
            const uint64_t turn = set->turn & 1;
            set->lines[turn] = tag;
            set->turn = turn ^ 1;
            missing += 1;
        }
    }
    state->fetches += missing;
    return missing;
}

/* Stops before a block at which Python has to look: interrupts unmasked, or an FPU that is off. */
static bool needs_decision(struct state *state, void *engine, uint64_t address, uint32_t size)
{
    if (state->watch_unmask && follows_unmask(&state->memory, address)) {
        if (state->unmask_seen != address) {
            state->unmask_seen = address;
            state->watch_unmask = 0;
            state->stop = 1;
            state->uc_emu_stop(engine);
            return true;
        }
        state->unmask_seen = 0;
    }
    if (state->fpu_off && uses_fpu(&state->memory, address, size)) {
        state->fpu_trap = 1;
        state->stop = 1;
        state->block_address = address;
        state->block_size = size;
        state->previous = state->records;
        state->uc_emu_stop(engine);
        return true;
    }
    return false;
}

/* Adds a cost to the cycle counter; returns whole cycles. */
static inline uint64_t charge(struct state *state, uint64_t cost)
{
    const uint64_t parts = cost + state->fraction;
    state->fraction = parts & ((1u << PART_BITS) - 1);
    state->cycles += parts >> PART_BITS;
    return parts >> PART_BITS;
}

/* What a block that is entered after some parts of a cycle waits for its data, in parts of a cycle. */
static inline uint64_t waits_for_data(struct state *state, void *engine, const struct record *record,
                                      uint64_t after, bool addressed)
{
    if (!addressed) {
        return 0;
    }
    if (record->steps == NULL) {
        state->data.waits = 0;
        return 0;
    }
    return price_accesses(state, engine, record, state->cycles + (after >> PART_BITS)) << PART_BITS;
}

/* What both hooks do; `addressed` says that accesses to data are priced one by one. */
static inline __attribute__((always_inline)) void enter_block(struct state *state, void *engine,
                                                              uint64_t address, uint32_t size, bool addressed)
{
    const uint64_t key = key_of(address, size);
    if (state->loop_key == key && state->cycles < state->deadline && state->stop == 0) {
        charge(state, state->loop_cost + waits_for_data(state, engine, state->previous, 0, addressed));
        return;
    }
    const bool in_flash = stands_in_flash(&state->memory, address);
    struct record *const previous = state->previous;
    struct record *record = previous;
    if (previous->key != key || !in_flash) {
        record = find_record(state, address, size, in_flash);
    }
    if (in_flash && UNLIKELY(state->cycles < state->flash.busy_until)) {
        state->waited += state->flash.busy_until - state->cycles;
        state->cycles = state->flash.busy_until;
    }
    if (UNLIKELY(state->cycles >= state->deadline || state->stop != 0)) {
        state->uc_emu_stop(engine);
        return;
    }
    if (UNLIKELY((state->watch_unmask | state->fpu_off) != 0) &&
        needs_decision(state, engine, address, size)) {
        return;
    }
    const uint64_t pipeline = cost_after(state, record, previous);
    uint64_t cost = pipeline;
    struct branch *const branch = previous->branch;
    if (branch != NULL &&
        mispredicts(state, branch, address, address != state->block_address + state->block_size)) {
        cost += state->mispredicted_parts;
    }
    if (record->line_cycles != 0 && record->seen_at != state->fetches) {
        cost += (fetch(state, address, size) * record->line_cycles) << PART_BITS;
        record->seen_at = state->fetches;
    }
    /* A block that follows on itself, with its branch foreseen and its lines in the cache, goes on so until it
       accesses a register, or Python has had its turn: nothing else changes what has been looked at here. */
    const bool in_loop = record == previous && in_flash && (branch == NULL || is_settled(state, branch));
    state->loop_key = in_loop && cost == pipeline ? key : 0;
    state->loop_cost = cost;
    const uint64_t waits = waits_for_data(state, engine, record, cost - pipeline, addressed);
    state->charged = charge(state, cost);
    state->cycles += waits >> PART_BITS;
    state->previous = record;
    state->block_address = address;
    state->block_size = size;
}

void block_hook(void *engine, uint64_t address, uint32_t size, void *data)
{
    enter_block(data, engine, address, size, false);
}

void addressed_block_hook(void *engine, uint64_t address, uint32_t size, void *data)
{
    enter_block(data, engine, address, size, true);
}
