/*
 * What loads and stores wait for, by where they go; only m7-cache-2 asks. The addresses follow from the
 * registers at the entry of a block: `struct step`, made by addresses.py. Unicorn's own hooks for accesses
 * would make it five to seven times slower.
 *
 * The pipeline stands still while a load waits. A line is filled from the word that was asked for on: what
 * comes next of it waits for its beat, and another line for the whole. Stores go into a buffer and wait for
 * nothing until that is full.
 */
#include "hooks.h"

#define APB_BASE 0x40000000u
#define APB_END 0x40020000u
#define PRIVATE_BASE 0xE0000000u
/* Where the map without an MPU has other memory than that which takes lines for stores (Arm v7-M ARM, table B3-1). */
#define WRITE_THROUGH_BASE 0x80000000u
#define DEVICE_BASE 0xA0000000u
/* Even and odd words are in two banks. */
#define BANK 4u

static uint64_t max(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

/* The registers that the steps of a block begin with. */
static inline void read_registers(const struct state *state, void *engine, uint64_t wanted, uint32_t *values)
{
    static const int numbers[] = {
        UC_ARM_REG_R0,     UC_ARM_REG_R0 + 1,  UC_ARM_REG_R0 + 2,  UC_ARM_REG_R0 + 3,  UC_ARM_REG_R0 + 4,
        UC_ARM_REG_R0 + 5, UC_ARM_REG_R0 + 6,  UC_ARM_REG_R0 + 7,  UC_ARM_REG_R0 + 8,  UC_ARM_REG_R0 + 9,
        UC_ARM_REG_R0 + 10, UC_ARM_REG_R0 + 11, UC_ARM_REG_R0 + 12, UC_ARM_REG_SP,     UC_ARM_REG_LR,
    };
    while (wanted != 0) {
        const int number = __builtin_ctzll(wanted);
        uint64_t value = 0;
        state->uc_reg_read(engine, numbers[number], &value);
        values[number] = (uint32_t)value;
        wanted &= wanted - 1;
    }
}

/* What memory has at an address while the block is entered; 0 where none is. */
static uint32_t value_at(const struct memory *memory, uint32_t address, unsigned size)
{
    uint32_t value = 0;
    const int64_t first = place_of(memory, address);
    const int64_t last = place_of(memory, (uint64_t)address + size - 1);
    if (first < 0 || last != first + size - 1) {
        return 0;
    }
    for (unsigned index = 0; index < size; index++) {
        value |= (uint32_t)memory->bytes[first + index] << 8 * index;
    }
    return value;
}

static uint32_t with_sign(uint32_t value, unsigned bits)
{
    const uint32_t sign = (uint32_t)1 << (bits - 1);
    return (value ^ sign) - sign;
}

/* Opens the row of SDRAM that has an offset; returns cycles until it is open. */
static uint64_t open_row(struct rows *rows, uint64_t offset)
{
    const uint64_t row = (offset >> rows->row_shift) + 1;
    uint64_t *const open = &rows->open[offset >> rows->bank_shift & (SDRAM_BANKS - 1)];
    if (*open == row) {
        return 0;
    }
    const uint64_t closing = *open != 0 ? rows->precharge : 0;
    *open = row;
    return closing + rows->activate;
}

/*
 * Reads so many bytes of serial flash at a cycle; returns the cycle at which the last of them is there. A read that
 * goes on where the one before ended needs no command, and some of it has been read ahead.
 */
static uint64_t read_serially(struct serial_read *read, uint32_t address, uint64_t bytes, uint64_t now)
{
    uint64_t starts = now + read->command_cycles;
    if (address == read->next) {
        const uint64_t ahead = read->ahead_bytes * read->byte_cycles;
        starts = max(read->ended, now > ahead ? now - ahead : 0);
    }
    read->next = address + bytes;
    read->ended = starts + bytes * read->byte_cycles;
    return max(read->ended, now);
}

/* The same for an access of `bytes`; a line that begins in the middle has the rest of it read afterwards. */
static struct latency serial_latency(struct serial_read *read, uint32_t address, uint64_t bytes, uint64_t now)
{
    const uint64_t rest = bytes < 16 ? 0 : address & (bytes - 1);
    const uint64_t word = bytes < 4 ? bytes : 4;
    struct latency latency = {.beats = bytes * read->byte_cycles};
    latency.first = read_serially(read, address, word, now) - now + read->path_cycles;
    uint64_t ends = read_serially(read, address + (uint32_t)word, bytes - rest - word, now);
    if (rest != 0) {
        ends = read_serially(read, address & ~(uint32_t)(bytes - 1), rest, ends);
    }
    latency.line = ends - now + read->path_cycles;
    return latency;
}

static bool is_in_sram(const struct state *state, uint32_t address)
{
    return state->data.tcm_end <= address && address < state->memory.ram_end;
}

/* How long the memory of an address takes for `bytes` of it, a line or less, from a cycle on. */
static struct latency latency_at(struct state *state, uint32_t address, uint64_t bytes, uint64_t now)
{
    struct data_side *const data = &state->data;
    if (is_in_sram(state, address)) {
        return data->sram;
    }
    const struct external *const external = external_at(&state->memory, address);
    if (external == NULL) {
        return data->flash;
    }
    if (external == &state->memory.external[EXTERNAL_SERIAL_FLASH]) {
        return serial_latency(&data->serial_read, address, bytes, now);
    }
    struct latency latency = data->sdram;
    const uint64_t opening = open_row(&data->rows, address - external->base);
    latency.first += opening;
    latency.line += opening;
    latency.write += opening;
    return latency;
}

/* Begins to fill a line at a cycle or later; `fill_first` is the cycle at which its first word is there. The line that
   gave way is written after that. Returns how long the memory takes. */
static struct latency fill(struct state *state, uint32_t address, uint64_t line, uint64_t now)
{
    struct data_side *const data = &state->data;
    const uint64_t begins = max(now, data->fill_end);
    const struct latency latency = latency_at(state, address, (uint64_t)1 << state->line_bits, begins);
    data->fill_line = line + 1;
    data->fill_word = address;
    data->fill_first = begins + latency.first;
    data->fill_end = begins + latency.line + data->write_back;
    data->write_back = 0;
    data->fill_beats = latency.beats;
    return latency;
}

/* The cycle at which a word of the line is there that is being filled, if it is. */
static uint64_t arrival(const struct state *state, uint32_t address)
{
    const uint64_t line_mask = ((uint64_t)1 << state->line_bits) - 1;
    const uint64_t offset = (address - state->data.fill_word) & line_mask;
    return state->data.fill_first + (offset * state->data.fill_beats >> state->line_bits);
}

/* For which a line that is written back, an entry of a set, keeps the bus that the next fill needs. */
static uint64_t write_back_cycles(struct state *state, uint32_t entry)
{
    const uint32_t address = ((entry >> 1) - 1) << state->line_bits;
    if (is_in_sram(state, address)) {
        return state->data.sram.beats;
    }
    const struct external *const sdram = &state->memory.external[EXTERNAL_SDRAM];
    return open_row(&state->data.rows, address - sdram->base) + state->data.sdram.beats;
}

/*
 * Finds a line in the data cache and makes it the one that was used last of its set; if it is not there, the
 * one that was used longest ago gives way. Returns whether it was there.
 */
static bool find_line(struct state *state, uint64_t line, bool store)
{
    struct data_side *const data = &state->data;
    uint32_t *const lines = data->sets[line & (data->count - 1)].lines;
    const uint32_t wanted = (uint32_t)(line + 1) << 1;
    unsigned way = 0;
    while (way < DATA_WAYS && (lines[way] & ~1u) != wanted) {
        way += 1;
    }
    const bool found = way < DATA_WAYS;
    uint32_t entry = wanted;
    if (found) {
        entry = lines[way];
    } else {
        way = DATA_WAYS - 1;
        data->write_back = lines[way] & 1 ? write_back_cycles(state, lines[way]) : 0;
    }
    for (; way > 0; way--) {
        lines[way] = lines[way - 1];
    }
    lines[0] = entry | store;
    return found;
}

/* Puts a store into the buffer; returns cycles for which the core waits until there is room. */
static uint64_t buffer_store(struct data_side *data, uint64_t parts, uint64_t now)
{
    const uint64_t at = now << PART_BITS;
    const uint64_t ends = max(data->stores_end, at) + parts;
    const uint64_t allowed = at + data->buffered_parts;
    data->stores_end = ends;
    return ends > allowed ? (ends - allowed) >> PART_BITS : 0;
}

/* What a load past the data cache waits for. */
static uint64_t wait_past_cache(struct state *state, uint32_t address, unsigned size, uint64_t now)
{
    struct data_side *const data = &state->data;
    const uint64_t begins = max(now, data->fill_end);
    data->fill_end = begins + latency_at(state, address, size, begins).first;
    return data->fill_end - now;
}

/* What an access through the data cache waits for. */
static uint64_t wait_in_cache(struct state *state, uint32_t address, bool store, uint64_t now)
{
    struct data_side *const data = &state->data;
    const uint64_t line = address >> state->line_bits;
    if (line + 1 != data->latest || store) {
        data->latest = line + 1;
        if (!find_line(state, line, store)) {
            const uint64_t queued = data->fill_end;
            const struct latency latency = fill(state, address, line, now);
            if (!store) {
                return data->fill_first - now;
            }
            /* A store waits for nothing, but for the line before the one before. */
            return queued > now + latency.line ? queued - now - latency.line : 0;
        }
    }
    if (!store && line + 1 == data->fill_line && now < data->fill_end) {
        const uint64_t there = arrival(state, address);
        return there > now ? there - now : 0;
    }
    return 0;
}

/* Cycles of a load from flash on the ITCM bus: the ART accelerator has the line, or it comes from flash. */
static uint64_t wait_on_itcm_bus(struct state *state, uint32_t address)
{
    struct data_side *const data = &state->data;
    const uint64_t line = address >> state->line_bits;
    if (data->art_enabled) {
        struct cache_set *const set = &state->art.sets[line & (state->art.count - 1)];
        const uint64_t tag = line + 1;
        if (set->lines[0] == tag || set->lines[1] == tag) {
            return 0;
        }
        const uint64_t turn = set->turn & 1;
        set->lines[turn] = tag;
        set->turn = turn ^ 1;
        state->fetches += 1;
    }
    return data->flash_itcm_cycles;
}

static bool is_in_tcm(const struct state *state, uint32_t address)
{
    const struct memory *const memory = &state->memory;
    return address - memory->ram_base < state->data.tcm_end - memory->ram_base || address < memory->itcm_end;
}

/* Whether an address is in RAM that the data cache stands before. */
static bool is_in_cached_ram(const struct state *state, uint32_t address)
{
    if (is_in_sram(state, address)) {
        return true;
    }
    const struct external *const sdram = &state->memory.external[EXTERNAL_SDRAM];
    return sdram->base <= address && address < sdram->end;
}

/* What the data cache does with an address. */
static uint64_t policy_of(const struct data_side *data, uint32_t address)
{
    if (!data->enabled) {
        return NOT_CACHED;
    }
    if (data->intervals == 0) {
        return address < WRITE_THROUGH_BASE ? WRITE_ALLOCATE
                                            : address < DEVICE_BASE ? WRITE_THROUGH : NOT_CACHED;
    }
    uint64_t index = data->intervals - 1;
    while (index > 0 && data->policies[index].first > address) {
        index -= 1;
    }
    return data->policies[index].allowed;
}

/* Whether the data cache has a line. */
static bool has_line(const struct state *state, uint32_t address)
{
    const uint64_t line = address >> state->line_bits;
    const uint32_t *const lines = state->data.sets[line & (state->data.count - 1)].lines;
    for (unsigned way = 0; way < DATA_WAYS; way++) {
        if ((lines[way] & ~1u) == (uint32_t)(line + 1) << 1) {
            return true;
        }
    }
    return false;
}

/* What a store waits for at a cycle. What goes to flash or to a register is taken by the buffer as well. */
static uint64_t wait_for_store(struct state *state, uint32_t address, unsigned size, uint64_t now)
{
    struct data_side *const data = &state->data;
    bool past_cache = false;
    const bool in_ram = is_in_cached_ram(state, address);
    if (in_ram) {
        const uint64_t policy = policy_of(data, address);
        past_cache = policy != WRITE_ALLOCATE && (policy != WRITE_BACK || !has_line(state, address));
    }
    uint64_t parts = size < 4 ? data->narrow_store_parts : data->store_parts;
    if (past_cache) {
        parts = latency_at(state, address, size, now).write << PART_BITS;
    }
    const uint64_t waits = buffer_store(data, parts, now);
    if (past_cache || !in_ram) {
        return waits;
    }
    return waits + wait_in_cache(state, address, true, now + waits);
}

/* What a load waits for at a cycle. */
static uint64_t wait_for_load(struct state *state, uint32_t address, unsigned size, uint64_t now)
{
    const struct memory *const memory = &state->memory;
    struct data_side *const data = &state->data;
    uint64_t waits = 0;
    if (address & (size < 4 ? size - 1 : 3)) {
        waits = data->unaligned_cycles;
        now += waits;
    }
    if (is_in_tcm(state, address)) {
        return waits;
    }
    if (is_in_sram(state, address) || address - memory->flash_base < memory->flash_end - memory->flash_base ||
        external_at(memory, address) != NULL) {
        return waits + (policy_of(data, address) == NOT_CACHED ? wait_past_cache(state, address, size, now)
                                                               : wait_in_cache(state, address, false, now));
    }
    if (address < memory->flash_itcm_end) {
        return waits + wait_on_itcm_bus(state, address);
    }
    if (address >= APB_BASE && address < PRIVATE_BASE) {
        return waits + (address < APB_END ? data->apb_cycles : data->ahb_cycles);
    }
    return waits;
}

/* What an access of up to 8 bytes waits for at a cycle. */
static uint64_t wait_for(struct state *state, uint32_t address, unsigned size, bool store, uint64_t now)
{
    return store ? wait_for_store(state, address, size, now) : wait_for_load(state, address, size, now);
}

/* The same for several words in a row, of which two go in a cycle. */
static uint64_t wait_for_all(struct state *state, uint32_t address, unsigned size, bool store, uint64_t now)
{
    uint64_t waits = 0;
    while (size > 0) {
        const unsigned part = size < 8 ? size : 8 - (address & 4);
        waits += wait_for(state, address, part, store, now + waits);
        address += part;
        size -= part;
        now += size != 0;
    }
    return waits;
}

/* For whoever looks at the time in the middle of a block. */
static void note_wait(struct data_side *data, uint32_t at, uint64_t wait)
{
    if (data->waits < MOST_WAITS) {
        data->waited[data->waits] = (uint32_t)wait;
        data->waited_at[data->waits] = at;
        data->waits += 1;
    } else {
        data->waited[MOST_WAITS - 1] += (uint32_t)wait;
        data->waited_at[MOST_WAITS - 1] = at;
    }
}

uint64_t price_accesses(struct state *state, void *engine, const struct record *record, uint64_t entered)
{
    uint32_t values[MOST_VALUES];
    uint64_t waits = 0;
    /* The load before, with which one may have been issued in the same cycle: they must be of two banks. */
    const struct step *last = NULL;
    uint32_t last_address = 0;
    state->data.waits = 0;
    read_registers(state, engine, record->registers, values);
    values[NO_VALUE] = 0;
    for (const struct step *step = record->steps; step->kind != STEP_END; step++) {
        const uint32_t base = values[step->base];
        const uint32_t index = values[step->index];
        const uint32_t sum = base + (index << step->shift) + step->constant;
        const unsigned size = step->size;
        switch (step->kind) {
        case STEP_SUM:
            values[step->result] = sum;
            continue;
        case STEP_NEGATE:
            values[step->result] = base - (index << step->shift) + step->constant;
            continue;
        case STEP_MULTIPLY:
            values[step->result] = base * index + step->constant;
            continue;
        case STEP_BITS:
            values[step->result] = base >> step->shift & (uint32_t)(((uint64_t)1 << size) - 1);
            continue;
        case STEP_SIGNED_BITS:
            values[step->result] = with_sign(base >> step->shift & (uint32_t)(((uint64_t)1 << size) - 1), size);
            continue;
        case STEP_VALUE:
            values[step->result] = value_at(&state->memory, sum, size);
            break;
        case STEP_SIGNED_VALUE:
            values[step->result] = with_sign(value_at(&state->memory, sum, size), 8 * size);
            break;
        default:
            break;
        }
        const bool store = step->kind == STEP_STORE;
        const uint64_t now = entered + step->at + waits;
        uint64_t wait = size <= 4 ? wait_for(state, sum, size, store, now)
                                  : wait_for_all(state, sum, size, store, now);
        if (!store) {
            wait += last != NULL && last->at == step->at && last->offset != step->offset &&
                    ((last_address ^ sum) & BANK) == 0;
            last = step;
            last_address = sum;
        }
        if (wait != 0) {
            note_wait(&state->data, step->offset, wait);
            waits += wait;
        }
    }
    return waits;
}

/* One line is written back if it is dirty, and then dropped if that is wanted. */
static void maintain(struct state *state, uint32_t *line, bool drop)
{
    if (*line & 1) {
        state->data.fill_end = max(state->data.fill_end, state->cycles) + write_back_cycles(state, *line);
    }
    *line = drop ? 0 : *line & ~1u;
}

void maintain_data_line(struct state *state, uint64_t address, uint64_t drop)
{
    const uint64_t line = (address & 0xFFFFFFFF) >> state->line_bits;
    uint32_t *const lines = state->data.sets[line & (state->data.count - 1)].lines;
    for (unsigned way = 0; way < DATA_WAYS; way++) {
        if ((lines[way] & ~1u) == (uint32_t)(line + 1) << 1) {
            maintain(state, &lines[way], drop != 0);
        }
    }
    state->data.latest = 0;
}

/* Which way is which is not known here: firmware goes through all of a set, and the first takes all. */
void maintain_data_set(struct state *state, uint64_t set, uint64_t drop)
{
    uint32_t *const lines = state->data.sets[set & (state->data.count - 1)].lines;
    for (unsigned way = 0; way < DATA_WAYS; way++) {
        maintain(state, &lines[way], drop != 0);
    }
    state->data.latest = 0;
}
