#include "cache.h"

#include <stdint.h>

#include "core.h"
#include "registers.h"

/* PM0253 4.5, CCSIDR: log2(bytes of a line) - 4, ways - 1, sets - 1. PM0253 4.8, DCISW: the way stands at the top
 * of the word, the set above the bits that count a line's bytes. */
static void invalidate_data_cache(void) {
    CACHE_CSSELR = 0;
    core_data_barrier();
    uint32_t ccsidr = CACHE_CCSIDR;
    uint32_t set_position = (ccsidr & 0x7u) + 4;
    uint32_t last_way = ccsidr >> 3 & 0x3FFu;
    uint32_t last_set = ccsidr >> 13 & 0x7FFFu;
    uint32_t way_position = last_way == 0 ? 0 : (uint32_t)__builtin_clz(last_way);
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            CACHE_DCISW = way << way_position | set << set_position;
        }
    }
    core_data_barrier();
}

/* PM0253 4.8, "Initializing and enabling the L1-cache": invalidate, then enable, with barriers around. */
void cache_enable(void) {
    if (!(SCB_CCR & SCB_CCR_DC)) {
        /* Invalidating a cache that is in use would lose what it has not written back. */
        invalidate_data_cache();
        SCB_CCR |= SCB_CCR_DC;
        core_data_barrier();
        core_instruction_barrier();
    }
    core_data_barrier();
    core_instruction_barrier();
    CACHE_ICIALLU = 0;
    core_data_barrier();
    core_instruction_barrier();
    SCB_CCR |= SCB_CCR_IC;
    core_data_barrier();
    core_instruction_barrier();
}
