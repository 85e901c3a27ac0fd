/* The parts of port.h that concern the stack. */
#include "stack.h"

#include <stdint.h>

#include "core.h"
#include "port.h"

uint32_t port_stack_depth_bytes(void) {
    return (uint32_t)stack_top - core_stack_pointer();
}

/* The deepest before it was painted again. */
static uint32_t deepest_before_bytes;

static uint32_t stack_used_bytes(void) {
    const uint32_t *deepest = stack_bottom;
    while (deepest < stack_top && *deepest == STACK_PATTERN) {
        deepest++;
    }
    return (uint32_t)(stack_top - deepest) * sizeof *deepest;
}

static uint32_t larger(uint32_t one, uint32_t other) {
    return one > other ? one : other;
}

void port_stack_paint(void) {
    deepest_before_bytes = larger(stack_used_bytes(), deepest_before_bytes);
    stack_paint();
}

struct port_stack port_stack(void) {
    uint32_t used_bytes = stack_used_bytes();
    return (struct port_stack){
        .used_bytes = used_bytes,
        .deepest_bytes = larger(used_bytes, deepest_before_bytes),
        .size_bytes = (uint32_t)(stack_top - stack_bottom) * sizeof *stack_top,
    };
}
