/*
 * The profiler's part of the hot path: cycles for each call path, counted at the entry of every basic block.
 *
 * It runs before `block_hook`, on boards that are made with a profiler only. It looks at the cycle counter and
 * nothing else of the timing model: what passes between the entries of two blocks belongs to the first of
 * them. How calls and returns are recognised, at a block that does not follow the one before in memory:
 *
 * - BL and BLX push a frame (Arm v7-M ARM, sections A7.7.18 and A7.7.19).
 * - After any other branch through a register or memory, frames that lie below the stack pointer are dropped:
 *   what called them has returned already, as after longjmp. The top frame is popped if the branch went with
 *   its stack pointer to its return address, as the procedure call standard asks for (AAPCS32, section 6.2.1),
 *   or to another place inside of the caller.
 * - A function that is reached in no such way, as by a tail call, takes the place of the one before.
 *
 * Exceptions have a floor in the stack: no return goes below it. Python puts it there (profiler.py).
 */
#include "hooks.h"

/* Gives what has passed since the last look to the node that ran. */
void profile_settle(struct profile *profile)
{
    const int64_t cycles = (int64_t)profile->state->cycles;
    const int64_t all_waited = (int64_t)profile->state->waited;
    const int64_t waited = all_waited - profile->last_waited;
    struct node *const node = &profile->nodes[profile->node];
    node->cycles += cycles - profile->last_cycles - waited;
    node->waited += waited;
    profile->last_cycles = cycles;
    profile->last_waited = all_waited;
    const struct events *const events = profile->events;
    if (events != NULL) {
        node->load_store += events->load_store - profile->last_load_store;
        node->others += events->others - profile->last_others;
        profile->last_load_store = events->load_store;
        profile->last_others = events->others;
    }
}

/* The node of a function that is called from a node; a new one at the first time. */
int64_t profile_child(struct profile *profile, int64_t parent, int64_t function)
{
    struct node *const nodes = profile->nodes;
    int64_t last = 0;
    for (int64_t node = nodes[parent].first_child; node != 0; node = nodes[node].next_sibling) {
        if (nodes[node].function == function) {
            return node;
        }
        last = node;
    }
    const int64_t new = profile->node_count;
    if (new >= MOST_NODES) {
        profile->overflowed = 1;
        return parent;
    }
    profile->node_count = new + 1;
    nodes[new].parent = parent;
    nodes[new].function = function;
    if (last != 0) {
        nodes[last].next_sibling = new;
    } else {
        nodes[parent].first_child = new;
    }
    return new;
}

/*
 * Whether the instruction that ends before `end` is a BLX, or a BL to a target. Where it begins is not known;
 * that a BL would lead to exactly this target tells it from everything else. `follows` is the address of `end`.
 */
static bool is_call(const uint16_t *end, int64_t target, int64_t follows)
{
    const uint32_t last = end[-1];
    if ((last & 0xFF87) == 0x4780) {
        return true;
    }
    const uint32_t first = end[-2];
    if ((first & 0xF800) != 0xF000 || (last & 0xD000) != 0xD000) {
        return false;
    }
    /* Encoding T1: S:I1:I2:imm10:imm11:'0', with I1 = NOT(J1 EOR S) and I2 = NOT(J2 EOR S). */
    const uint32_t sign = first >> 10 & 1;
    const uint32_t high = ((last >> 13 & 1) ^ sign ^ 1) << 23 | ((last >> 11 & 1) ^ sign ^ 1) << 22;
    int64_t offset = high | (first & 0x3FF) << 12 | (last & 0x7FF) << 1;
    if (sign != 0) {
        offset -= 1 << 24;
    }
    return follows + offset == target;
}

/*
 * Whether an instruction that is no call and ends with a halfword may branch through register or memory: not
 * B (encodings T1 and T2), CBZ and CBNZ, which is what loops are made of.
 */
static bool may_return(uint16_t last)
{
    return last >> 12 != 0xD && last >> 11 != 0x1C && (last & 0xF500) != 0xB100;
}

static int64_t stack_pointer(const struct profile *profile, void *engine)
{
    uint64_t value = 0;
    profile->state->uc_reg_read(engine, UC_ARM_REG_SP, &value);
    return (int64_t)value;
}

/* A frame for a call; false when there is no room for it. */
static bool push(struct profile *profile, void *engine, int64_t return_address)
{
    if (profile->depth >= MOST_FRAMES - FRAMES_OF_EXCEPTIONS) {
        profile->overflowed = 1;
        return false;
    }
    profile->frames[profile->depth] = (struct frame){
        .return_address = return_address,
        .stack_pointer = stack_pointer(profile, engine),
        .caller = profile->node,
    };
    profile->depth += 1;
    return true;
}

/* Pops the frames that a branch to a target has left; `entry` is the target's in the map of functions. */
static void unwind(struct profile *profile, void *engine, int64_t target, int64_t entry)
{
    const int64_t here = stack_pointer(profile, engine);
    while (profile->depth > profile->floor) {
        const struct frame *const frame = &profile->frames[profile->depth - 1];
        const int64_t caller = profile->nodes[frame->caller].function;
        const bool returns =
            frame->stack_pointer == here && (frame->return_address == target || caller * 2 == entry);
        if (!returns && frame->stack_pointer >= here) {
            return;
        }
        profile->node = frame->caller;
        profile->depth -= 1;
        if (returns) {
            return;
        }
    }
}

/* UC_HOOK_BLOCK. */
void profile_hook(void *engine, uint64_t address, uint32_t size, void *data)
{
    struct profile *const profile = data;
    const struct memory *const memory = &profile->state->memory;
    const int64_t here = (int64_t)address;
    const int64_t before = profile->block_address;
    const int64_t length = profile->block_size;
    const int64_t follows = before + length;
    profile->block_address = here;
    profile->block_size = size;
    const int64_t place = place_of(memory, address);
    const int64_t entry = place >= 0 ? profile->functions[place / 2] : NO_FUNCTION;
    const int64_t function = entry >> 1;
    bool calls = false;
    bool returns = false;
    if (length != 0 && here != follows) {
        const int64_t place_before = place_of(memory, (uint64_t)before);
        if (place_before >= 0 && place_before + length >= 4) {
            const uint16_t *const end = halfwords(memory) + (place_before + length) / 2;
            calls = is_call(end, here, follows);
            returns = !calls && may_return(end[-1]);
        }
    }
    if (!calls && !returns && profile->nodes[profile->node].function == function) {
        /* As in almost all blocks: what they take is given to the node when another one follows. */
        return;
    }
    profile_settle(profile);
    if (calls) {
        calls = push(profile, engine, follows);
    } else if (returns) {
        unwind(profile, engine, here, entry);
    }
    if (calls) {
        profile->node = profile_child(profile, profile->node, function);
        profile->nodes[profile->node].calls += 1;
    } else if (profile->nodes[profile->node].function != function) {
        /* Where the core starts nothing has run yet: the function is called by it. */
        const bool is_start = profile->nodes[profile->node].function <= ENTRY;
        const int64_t parent = is_start ? profile->node : profile->nodes[profile->node].parent;
        profile->node = profile_child(profile, parent, function);
        profile->nodes[profile->node].calls += entry & 1;
    }
}
