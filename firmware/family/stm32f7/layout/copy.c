/* Fills what a layout puts into RAM, before any constructor runs; an image whose layout puts nothing there has none of
 * this. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core.h"
#include "registers.h"

/* From the linker script: sizes are addresses of symbols, in bytes, and 0 for what stays where it is by default. What
 * is loaded from 0 starts as zero. */
#define PART(name) extern uint8_t placed_##name##_load[], placed_##name##_start[], placed_##name##_size_bytes[];
PART(code)
PART(weights)
PART(arena)
#undef PART

struct part {
    const uint8_t *load;
    uint8_t *start;
    const uint8_t *size_bytes;
};

#define PART(name) {placed_##name##_load, placed_##name##_start, placed_##name##_size_bytes}
static const struct part parts[] = {PART(code), PART(weights), PART(arena)};

#define CACHE_LINE_BYTES 32u /* of both caches: PM0253 4.5 */

/* Code that was copied through the data cache has to reach memory before it is fetched: PM0253 4.8. After a reset the
 * caches are off and there is nothing to clean; a debugger may have started the program again without one. TCM is in no
 * cache, and cleaning an address that is in none does nothing. */
static void clean_data_cache(const uint8_t *start, uint32_t size_bytes) {
    for (uintptr_t line = (uintptr_t)start; line < (uintptr_t)start + size_bytes; line += CACHE_LINE_BYTES) {
        CACHE_DCCMVAU = line;
    }
}

static void fill(void) {
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        uint32_t size_bytes = (uint32_t)parts[i].size_bytes;
        if (parts[i].load == NULL) {
            memset(parts[i].start, 0, size_bytes);
        } else {
            memcpy(parts[i].start, parts[i].load, size_bytes);
            core_data_barrier();
            clean_data_cache(parts[i].start, size_bytes);
        }
    }
    core_data_barrier();
    CACHE_ICIALLU = 0;
    core_data_barrier();
    core_instruction_barrier();
}

__attribute__((section(".preinit_array"), used)) static void (*const fill_first)(void) = fill;
