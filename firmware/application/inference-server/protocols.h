/* What messages mean. Any bytes may come: each is verified by FlatBuffers before it is read. */
#ifndef MCUMATRIX_INFERENCE_SERVER_PROTOCOLS_H
#define MCUMATRIX_INFERENCE_SERVER_PROTOCOLS_H

#include <stdint.h>

#include "inbox.h"
#include "server.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A message of schema/mnist_prot.fbs; what is none gets no answer, for that protocol has no word for it. */
struct server_answer mnist_prot_answer(const uint8_t *message, uint32_t size_bytes);

/* No input is loaded yet. */
void mlperf_tiny_start(void);

/* What a runner waits for that has switched the board on; for the energy mode. In others the port is silent until it is
 * asked: clients of other protocols would take this for an answer. */
void mlperf_tiny_greet(void);

/* Does what a command of MLPerf Tiny says, and answers over the second port as it goes: the times of its answers are in
 * them. `command` ends with '%', which is overwritten. */
void mlperf_tiny_obey(uint8_t *command, uint32_t size_bytes);

/* Nobody has written an input yet. */
void inference_start(void);

/* A frame of schema/inference_request.fbs; `frame` is aligned to 8 bytes. */
struct server_answer inference_answer(const uint8_t *frame, uint32_t size_bytes);

/* What is said of a frame that did not come whole: INBOX_DAMAGED or INBOX_TOO_LONG. */
struct server_answer inference_refusal(enum inbox_state state);

#ifdef __cplusplus
}
#endif

#endif
