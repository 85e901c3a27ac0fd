/* The commands for the host: each is answered by one exchange of machine lines.
 *
 * `problem` is why the image cannot run its model, a sentence, or NULL where it can. It is printed, and ends the
 * exchange with ok=0. */
#ifndef MCUMATRIX_EXCHANGES_H
#define MCUMATRIX_EXCHANGES_H

#include "wire.h"

/* What the image says of itself: after reset, which is command 0, and when asked. */
void exchange_identify(uint32_t command, uint32_t nonce, const char *problem);

void exchange_run_bench(const struct wire_command *command, const char *problem);
void exchange_write_input(const struct wire_command *command, const char *problem);
void exchange_dump_layer(const struct wire_command *command, const char *problem);
void exchange_infer(const struct wire_command *command, const char *problem);

/* Does not answer, unless it is with an error. */
void load_input(const struct wire_command *command, const char *problem);

#endif
