#include "commands.h"

#include <stddef.h>

#include "console.h"
#include "exchanges.h"
#include "show.h"
#include "wire.h"

/* Two parts: one call prints 255 characters at most. */
static const char usage[] = "CMD=1, CMD=2, CMD=3 nonce=<8 hex digits> warmup=<number> repeat=<number>, "
                            "CMD=4 nonce=<8 hex digits> offset=<number> payload=<hex digits>, ";
static const char more_usage[] = "CMD=5 nonce=<8 hex digits> layer=<number>, CMD=6 nonce=<8 hex digits>, "
                                 "CMD=7 offset=<number> payload=<hex digits>, CMD=8 nonce=<8 hex digits>";

static void refuse(const char *line) {
    char shown[48];
    console_escape(shown, sizeof shown, line);
    console_print("%sunknown command '%s'; there are ", WIRE_ERROR_PREFIX, shown);
    console_print("%s", usage);
    console_print("%s\r\n", more_usage);
}

static void show(void (*what)(void), const char *problem) {
    if (problem != NULL) {
        console_error("%s", problem);
    } else {
        what();
    }
}

void command_run(const char *line, const char *problem) {
    struct wire_command command;
    if (!wire_read_command(line, &command)) {
        refuse(line);
        return;
    }
    switch (command.kind) {
    case WIRE_SHOW_TENSORS:
        show(show_tensors, problem);
        break;
    case WIRE_SHOW_SAMPLE:
        show(show_sample, problem);
        break;
    case WIRE_RUN_BENCH:
        exchange_run_bench(&command, problem);
        break;
    case WIRE_WRITE_INPUT:
        exchange_write_input(&command, problem);
        break;
    case WIRE_DUMP_LAYER:
        exchange_dump_layer(&command, problem);
        break;
    case WIRE_IDENTIFY:
        exchange_identify(WIRE_IDENTIFY, command.identify.nonce, problem);
        break;
    case WIRE_LOAD_INPUT:
        load_input(&command, problem);
        break;
    case WIRE_INFER:
        exchange_infer(&command, problem);
        break;
    }
}
