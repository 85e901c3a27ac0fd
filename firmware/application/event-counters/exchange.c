/* The command that counts events of each layer. The linker lets it stand before the benchmark's commands (`--wrap`), which so
 * know nothing of it. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "console.h"
#include "input.h"
#include "measure.h"
#include "port.h"
#include "runtime.h"
#include "windows.h"
#include "wire.h"

#define LAYERS_MAX 128u

/* Shorter ones leave no time for the code between two interrupts, and in longer ones a counter may wrap before it is read. */
#define SHORTEST_PERIOD_CYCLES 32u
#define LONGEST_PERIOD_CYCLES 224u

/* In memory of its own, which is not zeroed; see image.ld. */
#define OWN __attribute__((section(".sram2")))

OWN static struct wire wire;
OWN static struct windows_sums layers[LAYERS_MAX];

/* A runtime need not have it. */
__attribute__((weak)) runtime_between runtime_invoke_between;

/* Returns whether there is something to count; prints an error where there is not. */
static bool check(uint32_t period_cycles, const char *problem) {
    if (problem != NULL) {
        console_error("%s", problem);
    } else if (period_cycles != 0 &&
               (period_cycles < SHORTEST_PERIOD_CYCLES || period_cycles > LONGEST_PERIOD_CYCLES)) {
        console_error("period_cycles=%" PRIu32 " is neither 0 nor within %u and %u", period_cycles,
                      SHORTEST_PERIOD_CYCLES, LONGEST_PERIOD_CYCLES);
    } else if (runtime_invoke_between == NULL) {
        console_error("the runtime does not tell where its layers begin and end, so that no events can be counted");
    } else if (runtime_layer_count() > LAYERS_MAX) {
        console_error("the model has %" PRIu32 " layers; events can be counted of %u", runtime_layer_count(),
                      LAYERS_MAX);
    } else {
        return true;
    }
    return false;
}

static bool count(uint32_t period_cycles) {
    input_load();
    for (uint32_t layer = 0; layer < runtime_layer_count(); layer++) {
        layers[layer] = (struct windows_sums){.interrupts = 0};
    }
    struct windows_edges edges = windows_open(period_cycles, layers);
    enum runtime_status status = runtime_invoke_between(edges.begin, edges.end);
    windows_close();
    if (status != RUNTIME_OK) {
        console_error("the runtime failed: %s", runtime_error());
        return false;
    }
    for (uint32_t layer = 0; layer < runtime_layer_count(); layer++) {
        const struct windows_sums *found = &layers[layer];
        const uint64_t *sums = found->sums;
        if (found->longest_cycles == 0) {
            console_error("the runtime did not tell where layer %" PRIu32 " begins and ends", layer);
            return false;
        }
        wire_send_counted(&wire, layer, found->interrupts, found->longest_cycles, sums[WINDOWS_CYCLES],
                          sums[WINDOWS_CPI], sums[WINDOWS_EXCEPTION], sums[WINDOWS_SLEEP], sums[WINDOWS_LOAD_STORE],
                          sums[WINDOWS_FOLDED]);
    }
    wire_send_inferred(&wire, input_crc32(), measure_outputs_crc32());
    return true;
}

static void answer(const struct wire_count_events *command, const char *problem) {
    wire = (struct wire){.write = port_write};
    wire_send_begin(&wire, WIRE_COUNT_EVENTS, command->nonce);
    bool ok = check(command->period_cycles, problem);
    if (ok) {
        wire_send_counting(&wire, command->period_cycles, windows_control());
        ok = !windows_can_count() || count(command->period_cycles);
    }
    wire_send_end(&wire, wire.lines + 1, ok ? 1 : 0);
}

/* Apart, so that the benchmark's commands find the stack as deep as without it. */
__attribute__((noinline)) static bool was_ours(const char *line, const char *problem) {
    struct wire_count_events command;
    if (!wire_read_count_events(line, &command)) {
        return false;
    }
    answer(&command, problem);
    return true;
}

void __real_command_run(const char *line, const char *problem);

void __wrap_command_run(const char *line, const char *problem) {
    if (!was_ours(line, problem)) {
        __real_command_run(line, problem);
    }
}
