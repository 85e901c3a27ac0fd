/* Where bytes of the second port become messages: an interrupt puts them in, the main loop takes messages out.
 *
 * There is room for one message. A frame (see schema/inference_request.fbs) says how long it is, a command ends with
 * '%', and any other message with a pause. What comes while a message is held, or after a byte was lost, is thrown away up to the next pause. */
#ifndef MCUMATRIX_INFERENCE_SERVER_INBOX_H
#define MCUMATRIX_INFERENCE_SERVER_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INBOX_SIZE_BYTES 4096u

/* The size that a frame begins with, and the CRC-32 that it ends with. */
#define FRAME_PREFIX_BYTES 4u
#define FRAME_CRC_BYTES 4u

enum inbox_state {
    INBOX_WAITS,   /* for a message, or for the rest of one */
    INBOX_FRAME,   /* a frame, as long as it says */
    INBOX_COMMAND, /* printable ASCII that ends with '%', as MLPerf Tiny has it */
    INBOX_MESSAGE, /* bytes that a pause has ended, and neither */
    INBOX_DAMAGED, /* a frame of which something is missing */
    INBOX_TOO_LONG, /* a frame for which there is no room */
    INBOX_NOISE,   /* bytes of which nothing can be said: some were lost, or there were too many */
};

struct inbox { /* aligned to 8 bytes */
    uint8_t bytes[INBOX_SIZE_BYTES];
    volatile uint64_t last_cycles; /* when the last byte came */
    volatile uint32_t size_bytes;
    uint32_t pause_cycles;
    volatile bool is_whole;        /* the main loop has it; nothing is put in */
    volatile bool is_cut;          /* bytes are missing; nothing is put in up to the next pause */
    volatile bool is_followed;     /* bytes came while a message was held */
};

/* An empty one; `pause_cycles` is how long nothing comes before a message has ended. */
void inbox_start(struct inbox *inbox, uint32_t pause_cycles);

/* From an interrupt, which may come at any instruction of the main loop: a byte has come at `now_cycles`, in
 * port_cycles; or one was lost or damaged. */
void inbox_put(struct inbox *inbox, uint8_t byte, uint64_t now_cycles);
void inbox_lose(struct inbox *inbox, uint64_t now_cycles);

/* What is in it. But for INBOX_WAITS it stays as it is until inbox_release. */
enum inbox_state inbox_look(struct inbox *inbox);

/* Makes room for the next message. */
void inbox_release(struct inbox *inbox);

#ifdef __cplusplus
}
#endif

#endif
