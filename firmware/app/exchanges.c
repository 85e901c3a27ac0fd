#include "exchanges.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "console.h"
#include "image.h"
#include "input.h"
#include "measure.h"
#include "port.h"
#include "runtime.h"
#include "tensor.h"

/* More than anyone needs to warm caches; keeps a mistyped number from blocking the board for hours. */
#define MAX_WARMUP 1000u

static_assert(RUNTIME_MAX_OP_BYTES <= WIRE_MAX_WORD_BYTES, "The name of an operator may not fit a line");

static struct wire wire = {.write = port_write};

static void send_identity(void) {
    wire_send_hello(&wire, WIRE_PROTOCOL_VERSION, image.build_id, image.board, image.runtime, image.kernels,
                    image.model, image.clock_hz);
    wire_send_clocks(&wire, port_core_hz());
    struct port_named named;
    for (uint32_t i = 0; (named = port_clock(i)).name != NULL; i++) {
        wire_send_rate(&wire, named.name, named.value);
    }
    for (uint32_t i = 0; (named = port_register(i)).name != NULL; i++) {
        wire_send_register(&wire, named.name, named.value);
    }
}

static void end(bool ok) {
    wire_send_end(&wire, wire.lines + 1, ok ? 1 : 0);
}

/* Opens an exchange that needs the model. Returns false, with the exchange closed, where there is none. */
static bool begin_with_model(const struct wire_command *command, uint32_t nonce, const char *problem) {
    wire_send_begin(&wire, (uint32_t)command->kind, nonce);
    if (problem != NULL) {
        console_error("%s", problem);
        end(false);
        return false;
    }
    return true;
}

void exchange_identify(uint32_t command, uint32_t nonce, const char *problem) {
    wire_send_begin(&wire, command, nonce);
    if (problem != NULL) {
        console_error("%s", problem);
    }
    send_identity();
    end(problem == NULL);
}

/* Returns whether the numbers are within their limits; prints an error where they are not. */
static bool check_bench(uint32_t warmup, uint32_t repeat) {
    if (warmup > MAX_WARMUP) {
        console_error("warmup=%" PRIu32 " is not within 0 and %u", warmup, MAX_WARMUP);
        return false;
    }
    if (repeat == 0 || repeat > measure_capacity()) {
        console_error("repeat=%" PRIu32 " is not within 1 and %" PRIu32
                      ", for which the board can keep the times of %" PRIu32 " layers",
                      repeat, measure_capacity(), runtime_layer_count());
        return false;
    }
    return true;
}

/* Runs everything that is to be measured, without a word. */
static bool run_bench(uint32_t warmup, uint32_t repeat) {
    for (uint32_t i = 0; i < warmup; i++) {
        input_load();
        if (!measure_inference(0)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < repeat; i++) {
        input_load();
        if (!measure_inference(i)) {
            return false;
        }
    }
    return true;
}

void exchange_run_bench(const struct wire_command *command, const char *problem) {
    uint32_t warmup = command->run_bench.warmup;
    uint32_t repeat = command->run_bench.repeat;
    if (!begin_with_model(command, command->run_bench.nonce, problem)) {
        return;
    }
    if (!check_bench(warmup, repeat)) {
        end(false);
        return;
    }
    measure_stack_begin();
    bool ran = run_bench(warmup, repeat);
    /* Before anything is printed, which goes deeper than many a model. */
    struct measure_stack stack = measure_stack();
    if (!ran) {
        console_error("the runtime failed: %s", runtime_error());
        end(false);
        return;
    }
    send_identity();
    wire_send_memory(&wire, runtime_arena_bytes());
    struct runtime_memory part;
    for (uint32_t i = 0; (part = runtime_arena_part(i)).kind != NULL; i++) {
        wire_send_arena(&wire, part.kind, part.size_bytes);
    }
    wire_send_stack(&wire, stack.inference_bytes, stack.deepest_bytes, stack.size_bytes);
    wire_send_bench(&wire, warmup, repeat, input_crc32());
    uint32_t layer_count = runtime_layer_count();
    for (uint32_t layer = 0; layer < layer_count; layer++) {
        wire_send_layer(&wire, layer, runtime_layer_op(layer), (uint32_t)runtime_layer_code(layer));
        const char *function;
        for (uint32_t i = 0; (function = runtime_layer_used(layer, i)) != NULL; i++) {
            wire_send_used(&wire, layer, function);
        }
    }
    for (uint32_t i = 0; i < repeat; i++) {
        for (uint32_t layer = 0; layer < layer_count; layer++) {
            wire_send_time(&wire, i, layer, measure_layer_cycles(i, layer));
        }
        wire_send_total(&wire, i, measure_total_cycles(i), measure_output_crc32(i));
    }
    for (uint32_t i = 0; i < runtime_output_count(); i++) {
        char name[24];
        (void)snprintf(name, sizeof name, i == 0 ? "output" : "output_%" PRIu32, i);
        tensor_send(&wire, name, runtime_output(i));
    }
    end(true);
}

/* Returns whether the bytes lie within the input; prints an error where they do not. */
static bool write_input(uint32_t offset, const struct wire_data *payload) {
    bool ok = input_write(offset, payload->bytes, payload->size_bytes);
    if (!ok) {
        console_error("%" PRIu32 " bytes at offset %" PRIu32 " do not lie within the input of %" PRIu32
                      " bytes; nothing was changed",
                      payload->size_bytes, offset, input_size_bytes());
    }
    return ok;
}

void exchange_write_input(const struct wire_command *command, const char *problem) {
    if (begin_with_model(command, command->write_input.nonce, problem)) {
        end(write_input(command->write_input.offset, &command->write_input.payload));
    }
}

void load_input(const struct wire_command *command, const char *problem) {
    if (problem != NULL) {
        console_error("%s", problem);
    } else {
        (void)write_input(command->load_input.offset, &command->load_input.payload);
    }
}

void exchange_infer(const struct wire_command *command, const char *problem) {
    if (!begin_with_model(command, command->infer.nonce, problem)) {
        return;
    }
    input_load();
    if (runtime_invoke(NULL, NULL) != RUNTIME_OK) {
        console_error("the runtime failed: %s", runtime_error());
        end(false);
        return;
    }
    wire_send_inferred(&wire, input_crc32(), measure_outputs_crc32());
    uint32_t offset = 0;
    for (uint32_t i = 0; i < runtime_output_count(); i++) {
        const struct runtime_tensor *output = runtime_output(i);
        tensor_send_data(&wire, output, offset);
        offset += output->size_bytes;
    }
    end(true);
}

static void send_layer(void *context, uint32_t layer, uint64_t cycles, const struct runtime_tensor *output) {
    (void)cycles; /* this inference is not a measurement */
    const uint32_t *wanted = context;
    if (layer == *wanted) {
        char name[24];
        (void)snprintf(name, sizeof name, "layer_%" PRIu32, layer);
        tensor_send(&wire, name, output);
    }
}

void exchange_dump_layer(const struct wire_command *command, const char *problem) {
    uint32_t layer = command->dump_layer.layer;
    if (!begin_with_model(command, command->dump_layer.nonce, problem)) {
        return;
    }
    if (layer >= runtime_layer_count()) {
        console_error("there is no layer %" PRIu32 "; the model has layers 0 to %" PRIu32, layer,
                      runtime_layer_count() - 1);
        end(false);
        return;
    }
    input_load();
    bool ok = runtime_invoke(send_layer, &layer) == RUNTIME_OK;
    if (!ok) {
        console_error("the runtime failed: %s", runtime_error());
    }
    end(ok);
}
