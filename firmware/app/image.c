/* The one file that sees config.h: nothing else is compiled again for another clock. */
#include "image.h"

#include <assert.h>

#include "config.h"
#include "wire.h"

#define IS_WORD(text) (sizeof(text) > 1 && sizeof(text) <= WIRE_MAX_WORD_BYTES + 1)

static_assert(IS_WORD(CONFIG_BUILD_ID), "CONFIG_BUILD_ID is empty or does not fit a line");
static_assert(IS_WORD(CONFIG_BOARD), "CONFIG_BOARD is empty or does not fit a line");
static_assert(IS_WORD(CONFIG_RUNTIME), "CONFIG_RUNTIME is empty or does not fit a line");
static_assert(IS_WORD(CONFIG_KERNELS), "CONFIG_KERNELS is empty or does not fit a line");
static_assert(IS_WORD(CONFIG_MODEL), "CONFIG_MODEL is empty or does not fit a line");

const struct image image = {
    .build_id = CONFIG_BUILD_ID,
    .board = CONFIG_BOARD,
    .runtime = CONFIG_RUNTIME,
    .kernels = CONFIG_KERNELS,
    .model = CONFIG_MODEL,
    .clock_hz = CONFIG_CLOCK_HZ,
};
