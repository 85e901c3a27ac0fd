/* The inference server: answers whoever asks over the board's second port. */
#ifndef MCUMATRIX_INFERENCE_SERVER_SERVER_H
#define MCUMATRIX_INFERENCE_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* After port_init. */
void server_start(void);

/* Once main has started the model and before anything runs on it: finds out whether it can be run. */
void server_look_at_model(void);

/* From an interrupt: a byte has come over the second port, or one was lost or damaged. */
void server_hear(uint8_t byte);
void server_miss(void);

/* Answers a message, if one has come. Takes as long as an inference and its answer; not within a measurement. */
void server_poll(void);

/* Somebody uses the model: whatever a client has written or not yet read of it is gone. */
void server_model_was_used(void);

/* ---- For the protocols ---- */

/* Bytes within a buffer of the server, valid until the next answer is made; none to say nothing. */
struct server_answer {
    const uint8_t *bytes;
    uint32_t size_bytes;
};

#define SERVER_ANSWER_BYTES 4096u

/* Why the model cannot be run, as a sentence, or NULL. */
const char *server_problem(void);

/* How often somebody has used the model. */
uint32_t server_model_uses(void);

#ifdef __cplusplus
}
#endif

#endif
