/*
 * The event counters of the DWT: what each block adds to them. In place of `addressed_block_hook` while firmware has one
 * of them counting, so that they cost nothing else.
 *
 * The cost of a block is not worked out again: what it has taken is told apart. Waits for data are of loads and stores;
 * so are the cycles that Python has found for its loads and stores. What remains beyond one cycle for each instruction
 * is of the others.
 */
#include "hooks.h"

void counted_block_hook(void *engine, uint64_t address, uint32_t size, void *data)
{
    struct events *const events = data;
    struct state *const state = events->state;
    const uint64_t cycles = state->cycles;
    const uint64_t waited = state->waited;
    const struct record *const before = state->previous;
    const bool follows = address == state->block_address + state->block_size;
    addressed_block_hook(engine, address, size, state);
    const uint64_t spent = state->cycles - cycles - (state->waited - waited);
    if (spent == 0) {
        /* The slice has ended before it; each block takes a cycle. */
        return;
    }
    const struct block_events *const block = &events->blocks[state->previous - state->records];
    const uint64_t last_loads = follows ? events->blocks[before - state->records].last_loads : 0;
    events->saved = last_loads != 0 && (last_loads & block->first_needs) == 0 ? block->first_saves : 0;
    /* `charged` is what the block itself has cost; in a loop that of its last turn, which was the same. */
    const int64_t data_waits = (int64_t)(spent - state->charged);
    const int64_t load_store = (int64_t)block->load_store - (int64_t)events->saved;
    events->load_store += load_store + data_waits;
    events->folded += block->folded;
    events->others += (int64_t)state->charged - block->instructions + block->folded - load_store;
}
