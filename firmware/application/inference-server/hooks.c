/* Where the server stands in an image. The linker lets these stand before functions of the benchmark (`--wrap`), which
 * so knows nothing of it. */
#include <stdbool.h>
#include <stdint.h>

#include "port.h"
#include "second_port.h"
#include "server.h"

bool __real_port_init(uint32_t clock_hz);
int __real_port_read(void);

bool __wrap_port_init(uint32_t clock_hz) {
    bool clock_is_set = __real_port_init(clock_hz);
    server_start();
    return clock_is_set;
}

/* The main loop waits here for the console: nothing is measured meanwhile. */
int __wrap_port_read(void) {
    server_look_at_model();
    int byte;
    while ((byte = console_kept()) == CONSOLE_NOTHING_KEPT && !console_has_byte()) {
        server_poll();
    }
    if (byte == CONSOLE_NOTHING_KEPT) {
        byte = __real_port_read();
    }
    if (byte == '\r' || byte == '\n') {
        server_model_was_used(); /* by the command that this ends, as far as anybody here knows */
    }
    return byte;
}
