#include "inbox.h"

#include <string.h>

#include "port.h"

/* FlatBuffers, "file identifiers": behind the size and the offset of the root table. */
#define IDENTIFIER_OFFSET 8u
#define IDENTIFIER_BYTES 4u
static const char identifier[] = "MMXQ"; /* of schema/inference_request.fbs */

void inbox_start(struct inbox *inbox, uint32_t pause_cycles) {
    inbox->size_bytes = 0;
    inbox->pause_cycles = pause_cycles;
    inbox->last_cycles = 0;
    inbox->is_whole = inbox->is_cut = inbox->is_followed = false;
}

static bool is_frame(const struct inbox *inbox) {
    return inbox->size_bytes >= IDENTIFIER_OFFSET + IDENTIFIER_BYTES &&
           memcmp(inbox->bytes + IDENTIFIER_OFFSET, identifier, IDENTIFIER_BYTES) == 0;
}

/* The size that a frame says to have, from its first byte to its CRC; 64 bits, for any number may stand there. */
static uint64_t frame_size_bytes(const struct inbox *inbox) {
    const uint8_t *size = inbox->bytes;
    uint32_t prefix = size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24;
    return (uint64_t)FRAME_PREFIX_BYTES + prefix + FRAME_CRC_BYTES;
}

/* Buffers of FlatBuffers are none: they begin with the bytes of a number below 2^16. */
static bool is_command(const struct inbox *inbox) {
    uint32_t size_bytes = inbox->size_bytes;
    if (size_bytes == 0 || inbox->bytes[size_bytes - 1] != '%') {
        return false;
    }
    for (uint32_t i = 0; i < size_bytes; i++) {
        uint8_t byte = inbox->bytes[i];
        if ((byte < ' ' || byte > '~') && byte != '\r' && byte != '\n') {
            return false;
        }
    }
    return true;
}

/* Whether what comes now is to be kept; ends a message that a pause has ended. */
static bool takes(struct inbox *inbox, uint64_t now_cycles) {
    uint64_t since_cycles = now_cycles - inbox->last_cycles;
    inbox->last_cycles = now_cycles;
    if (!inbox->is_whole && inbox->is_followed) {
        /* A byte came before room was made: what it belongs to has lost its beginning. */
        inbox->is_followed = false;
        inbox->is_cut = true;
    }
    if (!inbox->is_whole && since_cycles >= inbox->pause_cycles) {
        inbox->is_whole = inbox->size_bytes > 0;
        inbox->is_cut = inbox->is_cut && inbox->is_whole; /* of what is gone as a whole there is nothing to say */
    }
    if (inbox->is_whole) {
        inbox->is_followed = true;
        return false;
    }
    return !inbox->is_cut;
}

void inbox_put(struct inbox *inbox, uint8_t byte, uint64_t now_cycles) {
    if (!takes(inbox, now_cycles)) {
        return;
    }
    uint32_t size_bytes = inbox->size_bytes;
    if (size_bytes == INBOX_SIZE_BYTES) {
        inbox->is_cut = true;
        return;
    }
    inbox->bytes[size_bytes] = byte;
    inbox->size_bytes = size_bytes + 1;
    if (is_frame(inbox)) {
        uint64_t wanted_bytes = frame_size_bytes(inbox);
        if (wanted_bytes > INBOX_SIZE_BYTES) {
            inbox->is_cut = true;
        } else if (inbox->size_bytes >= wanted_bytes) {
            inbox->is_whole = true;
        }
    } else if (is_command(inbox)) {
        inbox->is_whole = true;
    }
}

void inbox_lose(struct inbox *inbox, uint64_t now_cycles) {
    if (takes(inbox, now_cycles)) {
        inbox->is_cut = true;
    }
}

enum inbox_state inbox_look(struct inbox *inbox) {
    if (!inbox->is_whole) {
        /* In this order: what begins after the first line has its pause still to come, and a byte that comes after the
         * second one must neither make the time since the last one negative nor be taken for the end. From the last
         * look at the time on, an interrupt would end the message itself. */
        bool is_begun = inbox->size_bytes > 0;
        uint64_t last_cycles = inbox->last_cycles;
        uint64_t now_cycles = port_cycles();
        bool has_paused = now_cycles - last_cycles >= inbox->pause_cycles && last_cycles == inbox->last_cycles;
        if (!is_begun || !has_paused) {
            return INBOX_WAITS; /* of bytes that were lost as a whole there is nothing to say */
        }
        inbox->is_whole = true;
    }
    if (is_frame(inbox)) {
        uint64_t wanted_bytes = frame_size_bytes(inbox);
        if (wanted_bytes > INBOX_SIZE_BYTES) {
            return INBOX_TOO_LONG;
        }
        return inbox->is_cut || inbox->size_bytes != wanted_bytes ? INBOX_DAMAGED : INBOX_FRAME;
    }
    if (inbox->is_cut) {
        return INBOX_NOISE;
    }
    return is_command(inbox) ? INBOX_COMMAND : INBOX_MESSAGE;
}

void inbox_release(struct inbox *inbox) {
    inbox->size_bytes = 0;
    inbox->is_cut = false;
    /* Last: up to here the interrupt notes in `is_followed` what comes, and only the next byte takes it back. */
    inbox->is_whole = false;
}
