/* The inference server on a host, for sanitisers: a model of two inputs and two outputs, and a second port that is a pipe.
 *
 * From standard input come records: a letter, a size of two bytes with the lower one first, and so many bytes.
 *   m  these bytes come over the port, and a pause after them
 *   b  they come, and nothing after them for now
 *   l  they are lost
 *   c  the benchmark uses the model
 * After each of them the server is polled, and what it says goes to standard output, behind its size of four bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy_mode.h"
#include "image.h"
#include "port.h"
#include "runtime.h"
#include "second_port.h"
#include "server.h"
#include "wire.h"

#define CORE_HZ 216000000u
#define BYTE_CYCLES (CORE_HZ / 11520u)

/* With one input, that of the benchmark of which MLPerf Tiny sends real numbers. */
static char model[24] = "two";

const struct image image = {
    .build_id = "0123456789abcdef", .board = "host", .runtime = "fake", .kernels = "cmsis-nn", .model = model, .clock_hz = CORE_HZ,
};

/* ---- The board ---- */

static uint64_t now_cycles;

uint64_t port_cycles(void) {
    return now_cycles;
}

uint32_t port_core_hz(void) {
    return CORE_HZ;
}

void port_align_interrupts(void) {
}

void port_stack_paint(void) {
}

uint32_t port_stack_depth_bytes(void) {
    return 0;
}

struct port_stack port_stack(void) {
    return (struct port_stack){0, 0, 0};
}

void second_port_start(void) {
}

void energy_mode_start(void) {
}

/* The mode for energy has other timestamps alone. */
bool energy_mode_is_on(void) {
    return false;
}

void energy_mode_mark(void) {
}

static uint8_t said[1 << 16];
static uint32_t said_bytes;

void second_port_write(const void *data, size_t size_bytes) {
    if (size_bytes > sizeof said - said_bytes) {
        abort();
    }
    if (size_bytes > 0) {
        memcpy(said + said_bytes, data, size_bytes);
        said_bytes += (uint32_t)size_bytes;
    }
}

void console_keep_begin(void) {
}

void console_keep_end(void) {
}

/* ---- The model: each tensor in memory of its own, that an access beside it may be seen ---- */

static struct runtime_tensor tensors[] = {
    {RUNTIME_INT8, 4, {1, 10, 10, 1}, 0.5f, -3, NULL, 100},
    {RUNTIME_FLOAT32, 2, {1, 1500}, 0.0f, 0, NULL, 6000},
    {RUNTIME_UINT8, 2, {1, 4}, 0.25f, 128, NULL, 4},
    {RUNTIME_INT64, 2, {2, 700}, 0.0f, 0, NULL, 11200},
};
static uint32_t inputs = 2;

uint32_t runtime_input_count(void) {
    return inputs;
}

const struct runtime_tensor *runtime_input(uint32_t index) {
    if (index >= inputs) {
        abort();
    }
    return &tensors[index];
}

uint32_t runtime_output_count(void) {
    return 2;
}

const struct runtime_tensor *runtime_output(uint32_t index) {
    if (index >= 2) {
        abort();
    }
    return &tensors[2 + index];
}

uint32_t runtime_layer_count(void) {
    return 70;
}

const char *runtime_layer_op(uint32_t layer) {
    if (layer >= 70) {
        abort();
    }
    return layer == 0 ? "A_CUSTOM_OPERATOR_WITH_A_NAME_THAT_IS_AS_LONG_AS_ONE_MAY_BE_HERE" : "CONV_2D";
}

void runtime_forget(void) {
}

enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context) {
    const uint8_t *input = tensors[0].data;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < tensors[0].size_bytes; i++) {
        sum = (uint8_t)(sum + input[i]);
    }
    for (uint32_t i = 0; i < tensors[2].size_bytes; i++) {
        ((uint8_t *)tensors[2].data)[i] = (uint8_t)(sum + i);
    }
    for (uint32_t layer = 0; layer < 70; layer++) {
        if (on_layer != NULL) {
            on_layer(context, layer, 1000 + layer, &tensors[2]);
        }
    }
    now_cycles += 100000;
    return RUNTIME_OK;
}

const char *runtime_error(void) {
    return "";
}

/* ---- The pipe ---- */

static uint32_t read_size(void) {
    int low = getchar();
    int high = getchar();
    return low == EOF || high == EOF ? 0 : (uint32_t)low | (uint32_t)high << 8;
}

static void tell(void) {
    uint8_t prefix[] = {(uint8_t)said_bytes, (uint8_t)(said_bytes >> 8), (uint8_t)(said_bytes >> 16), 0};
    (void)fwrite(prefix, 1, sizeof prefix, stdout);
    (void)fwrite(said, 1, said_bytes, stdout);
    (void)fflush(stdout);
    said_bytes = 0;
}

int main(int count, char **arguments) {
    inputs = count > 1 ? (uint32_t)atoi(arguments[1]) : 2;
    if (inputs == 1) {
        strcpy(model, "mlperf-autoencoder");
    }
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        tensors[i].data = calloc(1, tensors[i].size_bytes);
    }
    server_start();
    server_look_at_model();
    int kind;
    while ((kind = getchar()) != EOF) {
        uint32_t size_bytes = read_size();
        for (uint32_t i = 0; i < size_bytes; i++) {
            now_cycles += BYTE_CYCLES;
            int byte = getchar();
            if (kind == 'l') {
                server_miss();
            } else if (kind != 'c') {
                server_hear((uint8_t)byte);
            }
            if (i % 7 == 0) {
                server_poll(); /* which may come between any two bytes */
            }
        }
        if (kind == 'c') {
            server_model_was_used();
        }
        if (kind != 'b') {
            now_cycles += CORE_HZ / 10;
        }
        server_poll();
        tell();
    }
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        free(tensors[i].data);
    }
    return 0;
}
