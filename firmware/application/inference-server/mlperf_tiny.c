/* The dialogue of MLPerf Tiny between its runner and a device: https://github.com/mlcommons/tiny, benchmark/api and
 * benchmark/runner. A command is a line of ASCII that ends with '%'; each is answered, last by `m-ready`. In the energy
 * mode a pin has the timestamps, which the line has otherwise. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy_mode.h"
#include "image.h"
#include "port.h"
#include "protocols.h"
#include "reals.h"
#include "runtime.h"
#include "second_port.h"
#include "tensor.h"

/* The one that runners know. */
#define DIALOGUE_VERSION "ULPMark for tinyML Firmware V0.0.1"

#define DEFAULT_WARMUPS 10u
#define MAX_INFERENCES 1000000u
#define MAX_SHOWN 2e6f
#define BYTES_PER_LINE 8u /* of `db print` */

/* How the bytes that the runner sends become the input of the model. */
enum preparation {
    AS_IT_IS,
    PIXELS,       /* 0 to 255, of which the model takes 128 less as int8 */
    REAL_NUMBERS, /* float32, lowest byte first, which are quantised */
};

struct benchmark {
    const char *model; /* what the names of such models begin with */
    const char *version;
    enum preparation preparation;
};

static const struct benchmark benchmarks[] = {
    {"mlperf-kws", "kws01", AS_IT_IS},
    {"mlperf-resnet", "ic01", PIXELS},
    {"mlperf-vww", "vww01", PIXELS},
    {"mlperf-autoencoder", "ad01", REAL_NUMBERS},
};

/* As many as the autoencoder takes, of which each result has the distance. */
#define MAX_REALS 640u

/* Neither in .data nor in .bss, see server.c. */
__attribute__((section(".sram2"))) static struct {
    uint8_t *input; /* a copy, since an inference does not keep its input; NULL before the first `db load` */
    uint32_t expected_bytes; /* what `db load` has said */
    uint32_t loaded_bytes;
    uint8_t part[sizeof(float)]; /* bytes of a number that is not whole yet */
    float reals[MAX_REALS];
    bool has_result;
} state;

void mlperf_tiny_start(void) {
    state.input = NULL;
    state.expected_bytes = state.loaded_bytes = 0;
    state.has_result = false;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    char line[120];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    second_port_write(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
    second_port_write("\r\n", 2);
}

static struct benchmark this_benchmark(void) {
    for (size_t i = 0; i < sizeof benchmarks / sizeof benchmarks[0]; i++) {
        if (strncmp(image.model, benchmarks[i].model, strlen(benchmarks[i].model)) == 0) {
            return benchmarks[i];
        }
    }
    return (struct benchmark){image.model, image.model, AS_IT_IS};
}

/* The time of a timestamp, which the pin has told then where the mode is that for energy. */
static uint64_t mark(void) {
    if (energy_mode_is_on()) {
        energy_mode_mark();
    }
    return port_cycles();
}

static void say_mark(uint64_t cycles) {
    if (!energy_mode_is_on()) {
        /* A word of 32 bits, as in its other firmware: it wraps after 71 minutes. */
        say("m-lap-us-%" PRIu32, (uint32_t)(cycles * 1000000u / port_core_hz()));
    }
}

/* A number in decimal digits, at most `most`; without the tables that strtoul brings. */
static bool read_number(const char *text, uint32_t most, uint32_t *number) {
    uint64_t value = 0;
    for (const char *letter = text; *letter != '\0'; letter++) {
        if (*letter < '0' || *letter > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(*letter - '0');
        if (value > most) {
            return false;
        }
    }
    *number = (uint32_t)value;
    return true;
}

/* ---- The input ---- */

/* Of all input tensors together. */
static uint32_t input_size_bytes(void) {
    uint32_t size_bytes = 0;
    for (uint32_t i = 0; i < runtime_input_count(); i++) {
        size_bytes += runtime_input(i)->size_bytes;
    }
    return size_bytes;
}

static uint32_t wire_size_bytes(enum preparation preparation) {
    return input_size_bytes() * (preparation == REAL_NUMBERS ? sizeof(float) : 1u);
}

/* Why such an input cannot be prepared, or NULL. */
static const char *unfit(enum preparation preparation) {
    const struct runtime_tensor *input = runtime_input(0);
    const struct runtime_tensor *output = runtime_output(0);
    if (!has_reals(output)) {
        return "the output is of none of int8, uint8 and float32";
    }
    if (preparation == AS_IT_IS) {
        return NULL;
    }
    if (runtime_input_count() != 1 || input->type != RUNTIME_INT8) {
        return "this benchmark is for one input of int8";
    }
    if (preparation == REAL_NUMBERS &&
        (tensor_element_count(input) > MAX_REALS || tensor_element_count(output) > tensor_element_count(input))) {
        return "the model has more numbers than this benchmark";
    }
    return NULL;
}

static void load_byte(enum preparation preparation, uint8_t byte) {
    uint32_t at = state.loaded_bytes++;
    if (preparation == REAL_NUMBERS) {
        state.part[at % sizeof(float)] = byte;
        if (at % sizeof(float) != sizeof(float) - 1) {
            return;
        }
        at /= sizeof(float);
        memcpy(&state.reals[at], state.part, sizeof(float));
        set_real(runtime_input(0), state.input, at, state.reals[at]);
    } else {
        state.input[at] = preparation == PIXELS ? byte ^ 0x80 /* 128 less, in eight bits */ : byte;
    }
}

static void begin_load(const char *count) {
    enum preparation preparation = this_benchmark().preparation;
    uint32_t wanted_bytes = wire_size_bytes(preparation);
    uint32_t size_bytes;
    state.expected_bytes = state.loaded_bytes = 0;
    state.has_result = false;
    if (count == NULL) {
        say("e-[Command 'db load' requires the # of bytes]");
    } else if (unfit(preparation) != NULL) {
        say("e-[%s]", unfit(preparation));
    } else if (!read_number(count, wanted_bytes, &size_bytes) || size_bytes != wanted_bytes) {
        say("e-[The input has %" PRIu32 " bytes, and not %.20s]", wanted_bytes, count);
    } else if (state.input == NULL && (state.input = malloc(input_size_bytes())) == NULL) {
        say("e-[This board has no room for a copy of the input]");
    } else {
        state.expected_bytes = wanted_bytes;
        server_model_was_used(); /* the input that a client wrote is gone */
        say("m-[Expecting %" PRIu32 " bytes]", wanted_bytes);
    }
}

static int hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    letter |= 0x20; /* lower case */
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static void load_digits(const char *digits) {
    size_t count = strlen(digits);
    if (state.expected_bytes == 0) {
        say("e-[Nothing is expected; 'db load' comes first]");
        return;
    }
    if (count % 2 != 0) {
        say("e-[Insufficent number of hex digits]"); /* written so in the other firmware */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (hex_digit(digits[i]) < 0) {
            say("e-[Invalid hex digit '%c']", digits[i]);
            return;
        }
    }
    enum preparation preparation = this_benchmark().preparation;
    for (size_t i = 0; i < count && state.loaded_bytes < state.expected_bytes; i += 2) {
        load_byte(preparation, (uint8_t)(hex_digit(digits[i]) << 4 | hex_digit(digits[i + 1])));
        if (state.loaded_bytes == state.expected_bytes) {
            say("m-load-done");
        }
    }
}

/* A byte of the input as it came. */
static uint8_t loaded_byte(enum preparation preparation, uint32_t at) {
    if (preparation != REAL_NUMBERS) {
        return preparation == PIXELS ? state.input[at] ^ 0x80 : state.input[at];
    }
    uint32_t whole_bytes = state.loaded_bytes - state.loaded_bytes % sizeof(float);
    return at < whole_bytes ? ((const uint8_t *)state.reals)[at] : state.part[at % sizeof(float)];
}

static void print_input(const char *count, const char *offset) {
    uint32_t begin = 0, size_bytes = 0;
    if (offset != NULL && !read_number(offset, state.loaded_bytes, &begin)) {
        say("e-[There are %" PRIu32 " bytes, and none at %.20s]", state.loaded_bytes, offset);
        return;
    }
    size_bytes = state.loaded_bytes - begin;
    if (count != NULL && !read_number(count, size_bytes, &size_bytes)) {
        say("e-[There are %" PRIu32 " bytes from %" PRIu32 " on, and not %.20s]", state.loaded_bytes - begin, begin,
            count);
        return;
    }
    enum preparation preparation = this_benchmark().preparation;
    for (uint32_t i = 0; i < size_bytes; i += BYTES_PER_LINE) {
        char digits[3 * BYTES_PER_LINE + 1];
        uint32_t length = 0;
        for (uint32_t at = i; at < size_bytes && at < i + BYTES_PER_LINE; at++) {
            length += (uint32_t)snprintf(digits + length, sizeof digits - length, "-%02x",
                                         (unsigned)loaded_byte(preparation, begin + at));
        }
        say("m-buffer%s", digits);
    }
}

/* ---- Inferences ---- */

static void say_number(float value, const char *after) {
    /* Thousandths, without what printf takes for numbers with a fraction. */
    float limited = value > -MAX_SHOWN ? value : -MAX_SHOWN; /* this one too for what is no number */
    float scaled = (limited < MAX_SHOWN ? limited : MAX_SHOWN) * 1000.0f;
    long thousandths = (long)(scaled < 0 ? scaled - 0.5f : scaled + 0.5f);
    char text[24];
    int length = snprintf(text, sizeof text, "%s%ld.%03ld%s", thousandths < 0 ? "-" : "", labs(thousandths) / 1000,
                          labs(thousandths) % 1000, after);
    second_port_write(text, (size_t)length);
}

/* The mean of the squares of what the output differs by from the input, by which anomalies are found. */
static float distance(const struct runtime_tensor *output) {
    float sum = 0;
    uint32_t count = tensor_element_count(output);
    for (uint32_t i = 0; i < count; i++) {
        float difference = real_of(output, i) - state.reals[i];
        sum += difference * difference;
    }
    return sum / (float)count;
}

static void say_results(void) {
    const struct runtime_tensor *output = runtime_output(0);
    uint32_t count = tensor_element_count(output);
    if (!state.has_result) {
        say("e-[There is no result; 'infer' makes one]");
        return;
    }
    second_port_write("m-results-[", strlen("m-results-["));
    if (this_benchmark().preparation == REAL_NUMBERS) {
        say_number(distance(output), "");
    } else {
        for (uint32_t i = 0; i < count; i++) {
            say_number(real_of(output, i), i + 1 < count ? "," : "");
        }
    }
    second_port_write("]\r\n", 3);
}

/* An input of the model, which knows nothing of what was before. */
static void load_tensors(void) {
    const uint8_t *bytes = state.input;
    runtime_forget();
    for (uint32_t i = 0; i < runtime_input_count(); i++) {
        const struct runtime_tensor *tensor = runtime_input(i);
        memcpy(tensor->data, bytes, tensor->size_bytes);
        bytes += tensor->size_bytes;
    }
}

/* False where one failed, which it has said then. */
static bool run(uint32_t inferences) {
    for (uint32_t i = 0; i < inferences; i++) {
        /* Each time: an inference does not keep its input. It takes less than a thousandth of one. */
        load_tensors();
        if (runtime_invoke(NULL, NULL) != RUNTIME_OK) {
            say("e-[%.100s]", runtime_error());
            return false;
        }
    }
    return true;
}

/* Whether a number of inferences is one from `least` on; `otherwise` where none is given. */
static bool read_count(const char *text, uint32_t least, uint32_t otherwise, uint32_t *count) {
    *count = otherwise;
    return text == NULL || (read_number(text, MAX_INFERENCES, count) && *count >= least);
}

static void infer(const char *count, const char *warmup_count) {
    uint32_t inferences, warmups;
    if (!read_count(count, 1, 1, &inferences)) {
        say("e-[Inference iterations must be >0 and at most %u]", MAX_INFERENCES);
        return;
    }
    if (!read_count(warmup_count, 0, DEFAULT_WARMUPS, &warmups)) {
        say("e-[Inference warmup must be >=0 and at most %u]", MAX_INFERENCES);
        return;
    }
    if (state.expected_bytes == 0 || state.loaded_bytes != state.expected_bytes) {
        say("e-[The input is not loaded: %" PRIu32 " of %" PRIu32 " bytes]", state.loaded_bytes,
            wire_size_bytes(this_benchmark().preparation));
        return;
    }
    server_model_was_used();
    state.has_result = false;
    say("m-warmup-start-%" PRIu32, warmups);
    if (!run(warmups)) {
        return;
    }
    say("m-warmup-done");
    say("m-infer-start-%" PRIu32, inferences);
    uint64_t begun = mark();
    bool all_ran = run(inferences);
    uint64_t ended = mark();
    if (!all_ran) {
        return;
    }
    /* Both afterwards: the line takes 1.5 ms for a time, which is none of the inferences'. */
    say_mark(begun);
    say_mark(ended);
    say("m-infer-done");
    state.has_result = true;
    say_results();
}

/* ---- Commands ---- */

static void help(void) {
    say("%s", DIALOGUE_VERSION);
    say("help, name, profile, timestamp, results");
    say("db load N, db HH[HH]*: the input, N bytes in hexadecimal digits");
    say("db print [N] [OFFSET=0]: N of the bytes that came, or all");
    say("infer N [W=%u]: N inferences after W that do not count", DEFAULT_WARMUPS);
}

/* The next word of a line, which is ended in place; NULL behind the last. */
static char *next_word(char **rest) {
    char *begin = *rest;
    while (*begin == ' ' || *begin == '\r' || *begin == '\n') {
        begin++;
    }
    char *end = begin;
    while (*end > ' ') {
        end++;
    }
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return begin == end ? NULL : begin;
}

static void obey(char *line) {
    const char *command = next_word(&line);
    const char *first = next_word(&line);
    const char *second = next_word(&line);
    if (command == NULL) {
        say("e-[Unknown command: ]");
    } else if (strcmp(command, "name") == 0) {
        say("m-name-dut-[%s]", image.board);
    } else if (strcmp(command, "profile") == 0) {
        say("m-profile-[" DIALOGUE_VERSION "]");
        say("m-model-[%s]", this_benchmark().version);
    } else if (strcmp(command, "help") == 0) {
        help();
    } else if (strcmp(command, "timestamp") == 0) {
        say_mark(mark());
    } else if (server_problem() != NULL) {
        say("e-[%.110s]", server_problem());
    } else if (strcmp(command, "db") == 0 && first == NULL) {
        say("e-[Command 'db' requires a subcommand]");
    } else if (strcmp(command, "db") == 0 && strcmp(first, "load") == 0) {
        begin_load(second);
    } else if (strcmp(command, "db") == 0 && strcmp(first, "print") == 0) {
        print_input(second, next_word(&line));
    } else if (strcmp(command, "db") == 0) {
        load_digits(first);
    } else if (strcmp(command, "infer") == 0) {
        infer(first, second);
    } else if (strcmp(command, "results") == 0) {
        say_results();
    } else {
        say("e-[Unknown command: %.80s]", command);
    }
    say("m-ready");
}

void mlperf_tiny_greet(void) {
    say("m-timestamp-mode-energy");
    energy_mode_mark();
    say("m-init-done");
    say("m-ready");
}

void mlperf_tiny_obey(uint8_t *command, uint32_t size_bytes) {
    command[size_bytes - 1] = '\0';
    obey((char *)command);
}
