/* What several hooks need: the shared declarations, and where an address stands in memory. */
#ifndef VSTM32_HOOKS_H
#define VSTM32_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* The memory of the board that has an address; NULL if none has. */
static inline const struct external *external_at(const struct memory *memory, uint64_t address)
{
    for (int index = 0; index < MOST_EXTERNAL; index++) {
        const struct external *const external = &memory->external[index];
        if (address - external->base < external->end - external->base) {
            return external;
        }
    }
    return NULL;
}

/* The place of an address in memory, -1 where there is none. */
static inline int64_t place_of(const struct memory *memory, uint64_t address)
{
    if (address - memory->flash_base < memory->flash_end - memory->flash_base) {
        return (int64_t)(address - memory->flash_base);
    }
    if (address - memory->ram_base < memory->ram_end - memory->ram_base) {
        return (int64_t)(address - memory->ram_base + memory->ram_place);
    }
    if (address < memory->itcm_end) {
        return (int64_t)(address + memory->itcm_place);
    }
    if (address - memory->flash_itcm_base < memory->flash_itcm_end - memory->flash_itcm_base) {
        return (int64_t)(address - memory->flash_itcm_base);
    }
    if (address - memory->alias_base < memory->alias_end - memory->alias_base) {
        return (int64_t)(address - memory->alias_base + memory->alias_place);
    }
    const struct external *const external = external_at(memory, address);
    return external == NULL ? -1 : (int64_t)(address - external->base + external->place);
}

/* Whether code at an address stands in flash, at either of its addresses. */
static inline bool stands_in_flash(const struct memory *memory, uint64_t address)
{
    return memory->itcm_end <= address && address < memory->flash_end;
}

/* Memory as code: halfwords, by half of the place. */
static inline const uint16_t *halfwords(const struct memory *memory)
{
    return (const uint16_t *)(const void *)memory->bytes;
}

/* data_access.c: cycles that the core waits for what a block loads and stores; it is entered at a cycle. */
uint64_t price_accesses(struct state *state, void *engine, const struct record *record, uint64_t entered);

/* flash.c: what a read of FLASH_SR gives, and a store of the core into flash. */
uint64_t flash_status(struct state *state);
void store_in_flash(struct state *state, uint64_t address, int size, uint64_t value);

#endif
