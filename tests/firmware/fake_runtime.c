/* A runtime for tests of the firmware: two layers over an int8 tensor of 10 x 10, or a float32 output if
 * FAKE_FLOAT32 is defined. Its first input byte chooses what it does besides. */
#include <stddef.h>
#include <stdlib.h>

#include "port.h"
#include "runtime.h"

#define ELEMENTS 100
#define OUTPUTS 4
#define HALF_PERIOD_CYCLES 0x80000000u
#define SPIN_CYCLES 0x1400000u /* SysTick comes every 0x1000000 */
#define DWT_CYCCNT (*(volatile uint32_t *)0xE0001004)
#define NVIC_ISER2 (*(volatile uint32_t *)0xE000E108)
#define NVIC_ISPR2 (*(volatile uint32_t *)0xE000E208)

enum deed {
    NOTHING = 0,
    FAIL = 1,
    READ_NOWHERE = 2,
    WRITE_NOWHERE = 3,
    UNDEFINED_INSTRUCTION = 4,
    JUMP_NOWHERE = 5,
    OVERFLOW_STACK = 6,
    WRAP_WITHOUT_TICK = 7,
    WRAP_WITH_TICKS = 8,
    UNEXPECTED_INTERRUPT = 9,
    CALL_ABORT = 10,
    FAIL_LATE = 11,
    TAKE_LONG = 12,
    TAKE_STACK = 13,
};

static int8_t input_data[ELEMENTS];
static int8_t hidden_data[ELEMENTS];
#ifdef FAKE_FLOAT32
static float output_data[OUTPUTS];
#else
static int8_t output_data[OUTPUTS];
#endif

static const struct runtime_tensor input = {
    RUNTIME_INT8, 4, {1, 10, 10, 1}, 0.25f, -3, input_data, sizeof input_data,
};
static const struct runtime_tensor hidden = {
    RUNTIME_INT8, 2, {1, ELEMENTS}, 0.25f, -3, hidden_data, sizeof hidden_data,
};
static const struct runtime_tensor output = {
#ifdef FAKE_FLOAT32
    RUNTIME_FLOAT32, 2, {1, OUTPUTS}, 0.0f, 0, output_data, sizeof output_data,
#else
    RUNTIME_INT8, 2, {1, OUTPUTS}, 0.5f, -128, output_data, sizeof output_data,
#endif
};

static const char *last_error = "";

enum runtime_status runtime_setup(void) {
#ifdef FAKE_SETUP_FAILS
    last_error = "the fake runtime has no model";
    return RUNTIME_ERROR;
#else
    return RUNTIME_OK;
#endif
}

void runtime_forget(void) {
    /* It keeps nothing. */
}

uint32_t runtime_input_count(void) {
    return 1;
}

const struct runtime_tensor *runtime_input(uint32_t index) {
    (void)index;
    return &input;
}

uint32_t runtime_output_count(void) {
    return 1;
}

const struct runtime_tensor *runtime_output(uint32_t index) {
    (void)index;
    return &output;
}

uint32_t runtime_layer_count(void) {
    return 2;
}

const char *runtime_layer_op(uint32_t layer) {
    return layer == 0 ? "RESHAPE" : "SOFTMAX";
}

uint32_t runtime_arena_bytes(void) {
    return sizeof input_data + sizeof hidden_data + sizeof output_data;
}

struct runtime_memory runtime_arena_part(uint32_t index) {
    (void)index;
    return (struct runtime_memory){NULL, 0};
}

const char *runtime_error(void) {
    return last_error;
}

/* Names that tests look up in the symbol table: the fault is at the label, not somewhere near. */
__attribute__((noipa)) static void read_nowhere(void) {
    __asm volatile("ldr r0, =0x30000004\n"
                   ".global fake_read_nowhere\n"
                   "fake_read_nowhere: ldr r1, [r0]\n" ::
                       : "r0", "r1", "memory");
}

__attribute__((noipa)) static void write_nowhere(void) {
    __asm volatile("ldr r0, =0x30000008\n"
                   ".global fake_write_nowhere\n"
                   "fake_write_nowhere: str r0, [r0]\n"
                   "dsb\n" ::
                       : "r0", "memory");
}

__attribute__((noipa)) static void undefined_instruction(void) {
    __asm volatile(".global fake_undefined_instruction\n"
                   "fake_undefined_instruction: udf #0\n");
}

/* Volatile, so that the compiler cannot see that it never ends. */
static volatile int depth_limit = 1000000;

__attribute__((noipa)) static int overflow_stack(int depth) {
    volatile char room[1024];
    room[depth % 1024] = 1;
    return depth == depth_limit ? 0 : overflow_stack(depth + 1) + room[depth % 7];
}

/* TAKEN_STACK_BYTES of tests/firmware/test_bench.py. */
__attribute__((noipa)) static void take_stack(void) {
    volatile char room[3000];
    room[0] = 1;
    room[1] = room[0];
}

/* Reads the counter rarely: on the virtual board that is what takes time. */
static void spin(uint32_t cycles) {
    uint32_t start = DWT_CYCCNT;
    uint32_t turns = cycles / 64 + 1;
    do {
        for (uint32_t turn = 0; turn < turns; turn++) {
            __asm volatile("");
        }
    } while (DWT_CYCCNT - start < cycles);
}

/* Makes half of the counter's period pass without waiting for all of it: the counter is set forward, and what is left
 * is long enough for SysTick to come. */
static void pass_half_a_period(void) {
    DWT_CYCCNT += HALF_PERIOD_CYCLES - SPIN_CYCLES;
    spin(SPIN_CYCLES);
}

static void do_deed(enum deed deed) {
    switch (deed) {
    case READ_NOWHERE:
        read_nowhere();
        break;
    case WRITE_NOWHERE:
        write_nowhere();
        break;
    case UNDEFINED_INSTRUCTION:
        undefined_instruction();
        break;
    case JUMP_NOWHERE:
        ((void (*)(void))0x30000001)();
        break;
    case OVERFLOW_STACK:
        hidden_data[0] = (int8_t)overflow_stack(0);
        break;
    case TAKE_LONG: /* by counting: one SysTick or more comes in between */
        for (uint32_t turn = 0; turn < SPIN_CYCLES / 2; turn++) {
            __asm volatile("");
        }
        break;
    case TAKE_STACK:
        take_stack();
        break;
    case CALL_ABORT:
        abort();
    case UNEXPECTED_INTERRUPT:
        NVIC_ISER2 = 1u << (71 - 64);
        NVIC_ISPR2 = 1u << (71 - 64);
        spin(1000);
        break;
    default:
        break;
    }
}

/* Brings the counter to 256 cycles before its period ends, with SysTick having seen the second half of it. */
static void go_before_wrap(void) {
    if (DWT_CYCCNT < HALF_PERIOD_CYCLES) {
        pass_half_a_period();
    }
    spin(SPIN_CYCLES);
    DWT_CYCCNT = 0u - 256u;
}

static void reshape(enum deed deed) {
    do_deed(deed);
    for (int i = 0; i < ELEMENTS; i++) {
        hidden_data[i] = input_data[ELEMENTS - 1 - i];
    }
}

static void softmax(enum deed deed) {
    if (deed == WRAP_WITHOUT_TICK) {
        spin(1024);
    }
    if (deed == WRAP_WITH_TICKS) {
        for (int half = 0; half < 5; half++) {
            pass_half_a_period();
        }
    }
    for (int i = 0; i < OUTPUTS; i++) {
        output_data[i] = hidden_data[ELEMENTS - 1 - i];
    }
}

enum runtime_status runtime_invoke(runtime_layer_callback *on_layer, void *context) {
    enum deed deed = (enum deed)input_data[0];
    if (deed == FAIL) {
        last_error = "the fake runtime was told to fail";
        return RUNTIME_ERROR;
    }
    static int inferences;
    if (deed == FAIL_LATE && ++inferences == 1024) {
        last_error = "the fake runtime was told to fail in inference 1024";
        return RUNTIME_ERROR;
    }
    uint64_t start = port_cycles();
    reshape(deed);
    uint64_t cycles = port_cycles() - start;
    if (on_layer != NULL) {
        on_layer(context, 0, cycles, &hidden);
    }
    if (deed == WRAP_WITHOUT_TICK) {
        go_before_wrap();
    }
    start = port_cycles();
    softmax(deed);
    cycles = port_cycles() - start;
    if (on_layer != NULL) {
        on_layer(context, 1, cycles, &output);
    }
    return RUNTIME_OK;
}

#ifndef FAKE_WITHOUT_EDGES
enum runtime_status runtime_invoke_between(runtime_layer_edge *begin, runtime_layer_edge *end) {
    /* Calls, so that each layer is a function that a profile knows. */
    static void (*volatile const layers[])(enum deed) = {reshape, softmax};
    enum deed deed = (enum deed)input_data[0];
    if (deed == FAIL) {
        last_error = "the fake runtime was told to fail";
        return RUNTIME_ERROR;
    }
    for (uint32_t layer = 0; layer < 2; layer++) {
        begin(layer);
        layers[layer](deed);
        end(layer);
    }
    return RUNTIME_OK;
}
#endif

uintptr_t runtime_layer_code(uint32_t layer) {
    return (uintptr_t)(layer == 0 ? reshape : softmax) & ~(uintptr_t)1;
}

/* The second layer says that it used two. */
const char *runtime_layer_used(uint32_t layer, uint32_t index) {
    static const char *const used[] = {"fake_softmax", "fake_exponent"};
    return layer == 1 && index < 2 ? used[index] : NULL;
}
