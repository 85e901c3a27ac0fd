#include "server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "energy_mode.h"
#include "image.h"
#include "inbox.h"
#include "port.h"
#include "protocols.h"
#include "runtime.h"
#include "second_port.h"

/* After it a message without a frame has ended. Clients of 2020 wait 0.3 s for an answer. */
#define PAUSES_PER_SECOND 20u

/* Neither in .data nor in .bss, so that these lie in an image with this application as in one without. */
__attribute__((section(".sram2"), aligned(8))) static struct inbox inbox;
__attribute__((section(".sram2"))) static char problem[160];
__attribute__((section(".sram2"))) static bool is_problem_known;
__attribute__((section(".sram2"))) static uint32_t model_uses;

void server_start(void) {
    problem[0] = '\0';
    is_problem_known = false;
    model_uses = 0;
    inference_start();
    mlperf_tiny_start();
    inbox_start(&inbox, port_core_hz() / PAUSES_PER_SECOND);
    energy_mode_start();
    second_port_start();
}

void server_hear(uint8_t byte) {
    inbox_put(&inbox, byte, port_cycles());
}

void server_miss(void) {
    inbox_lose(&inbox, port_cycles());
}

void server_model_was_used(void) {
    model_uses++;
}

uint32_t server_model_uses(void) {
    return model_uses;
}

void server_look_at_model(void) {
    if (is_problem_known) {
        return;
    }
    is_problem_known = true;
    if (port_core_hz() != image.clock_hz) {
        (void)snprintf(problem, sizeof problem,
                       "the core clock could not be set to %" PRIu32 " Hz; build the image for another clock",
                       image.clock_hz);
    } else if (runtime_error()[0] != '\0') {
        (void)snprintf(problem, sizeof problem, "the runtime did not start: %s", runtime_error());
    }
    if (energy_mode_is_on()) {
        console_keep_begin();
        mlperf_tiny_greet();
        console_keep_end();
    }
}

const char *server_problem(void) {
    return problem[0] == '\0' ? NULL : problem;
}

static struct server_answer answer_to(enum inbox_state state) {
    switch (state) {
    case INBOX_FRAME:
        return inference_answer(inbox.bytes, inbox.size_bytes);
    case INBOX_MESSAGE:
        return mnist_prot_answer(inbox.bytes, inbox.size_bytes);
    case INBOX_DAMAGED:
    case INBOX_TOO_LONG:
        return inference_refusal(state);
    case INBOX_COMMAND:
        mlperf_tiny_obey(inbox.bytes, inbox.size_bytes);
        break;
    case INBOX_WAITS:
    case INBOX_NOISE:
        break;
    }
    return (struct server_answer){.bytes = NULL, .size_bytes = 0};
}

void server_poll(void) {
    enum inbox_state state = inbox_look(&inbox);
    if (state == INBOX_WAITS) {
        return;
    }
    console_keep_begin();
    struct server_answer answer = answer_to(state);
    inbox_release(&inbox);
    second_port_write(answer.bytes, answer.size_bytes);
    console_keep_end();
}
