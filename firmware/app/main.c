/* The benchmark: says who it is after reset, then does what it is told, line by line. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "commands.h"
#include "console.h"
#include "exchanges.h"
#include "image.h"
#include "input.h"
#include "port.h"
#include "runtime.h"
#include "wire.h"

#define BOOT_COMMAND 0

/* Returns NULL, or why the model cannot be run, as a sentence. */
static const char *start_model(bool clock_is_set) {
    static char problem[200];
    if (!clock_is_set) {
        (void)snprintf(problem, sizeof problem,
                       "the core clock could not be set to %" PRIu32 " Hz and is %" PRIu32
                       " Hz; build the image for another clock, in whole MHz",
                       image.clock_hz, port_core_hz());
        return problem;
    }
    if (runtime_setup() != RUNTIME_OK) {
        (void)snprintf(problem, sizeof problem, "the runtime did not start: %s", runtime_error());
        return problem;
    }
    return input_setup();
}

int main(void) {
    bool clock_is_set = port_init(image.clock_hz);
    console_print(WIRE_BANNER_PREFIX "%" PRIu32 "...\r\n", port_core_hz());
    const char *problem = start_model(clock_is_set);
    exchange_identify(BOOT_COMMAND, 0, problem);
    for (;;) {
        command_run(console_read_line(), problem);
    }
}
