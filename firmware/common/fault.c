/* Says what faulted, from the frame that the processor stacked (PM0253 2.4.7) and the fault status registers
 * (PM0253 4.3). It uses neither the C library nor the interrupted program's stack, for either may be what broke.
 * A fault before the serial port is started halts unheard. */
#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "port.h"
#include "core_registers.h"

/* From the linker script. */
extern uint32_t ram_start[], ram_end[], fault_stack_top[];

/* The frame's first words; with FPU state, more follow behind. */
struct fault_frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

struct reason {
    uint32_t bit;
    const char *text;
};

/* PM0253 4.3: memory management (bits 0 to 7), bus (8 to 15) and usage fault status (16 to 31). */
static const struct reason reasons[] = {
    {0, "instruction access violation"},
    {1, "data access violation"},
    {3, "memory protection violation while leaving an exception"},
    {4, "memory protection violation while entering an exception"},
    {5, "memory protection violation while saving FPU registers"},
    {8, "instruction bus error"},
    {9, "precise data bus error"},
    {10, "imprecise data bus error, the address of the program is a later one"},
    {11, "bus error while leaving an exception"},
    {12, "bus error while entering an exception, the stack may have overflowed"},
    {13, "bus error while saving FPU registers"},
    {16, "undefined instruction"},
    {17, "invalid state, such as a jump to an even address"},
    {18, "invalid return from an exception"},
    {19, "no coprocessor, such as an FPU that is off"},
    {24, "unaligned access"},
    {25, "division by zero"},
};

/* PM0253 4.3: hard fault status. */
static const struct reason hard_reasons[] = {
    {1, "bus error while reading the vector table"},
    {30, "escalated"},
    {31, "debug event"},
};

static void put_text(const char *text) {
    size_t size_bytes = 0;
    while (text[size_bytes] != '\0') {
        size_bytes++;
    }
    port_write(text, size_bytes);
}

static void put_hex(uint32_t value) {
    char text[11] = "0x";
    for (int digit = 0; digit < 8; digit++) {
        text[2 + digit] = "0123456789abcdef"[value >> (28 - 4 * digit) & 0xFu];
    }
    text[10] = '\0';
    put_text(text);
}

static void put_decimal(uint32_t value) {
    char text[11];
    char *first = text + sizeof text - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    put_text(first);
}

static bool put_reasons(const struct reason *list, size_t count, uint32_t status, bool any_before) {
    for (size_t i = 0; i < count; i++) {
        if (status >> list[i].bit & 1u) {
            put_text(any_before ? ", " : ": ");
            put_text(list[i].text);
            any_before = true;
        }
    }
    return any_before;
}

_Noreturn static void halt(void) {
    put_text("; the firmware has halted, reset the board\r\n");
    core_mask_interrupts();
    SYST_CSR = 0; /* a tick would end every wait */
    for (;;) {
        core_wait_for_interrupt();
    }
}

/* `frame` is the stack pointer at entry, whatever it is worth. */
__attribute__((used, noreturn)) static void report(const struct fault_frame *frame, const char *name) {
    uint32_t cfsr = SCB_CFSR;
    uint32_t hfsr = SCB_HFSR;
    uintptr_t at = (uintptr_t)frame;
    bool is_frame_readable =
        at % 4 == 0 && at >= (uintptr_t)ram_start && at <= (uintptr_t)ram_end - sizeof *frame;

    put_text("\r\nERROR: ");
    put_text(name);
    if (is_frame_readable) {
        put_text(" at ");
        put_hex(frame->pc);
    } else {
        put_text(" with the stack pointer outside of RAM at ");
        put_hex((uint32_t)at);
    }
    if (cfsr & SCB_CFSR_BFARVALID) {
        put_text(" address ");
        put_hex(SCB_BFAR);
    } else if (cfsr & SCB_CFSR_MMARVALID) {
        put_text(" address ");
        put_hex(SCB_MMFAR);
    }
    put_text(" (CFSR ");
    put_hex(cfsr);
    put_text(" HFSR ");
    put_hex(hfsr);
    if (is_frame_readable) {
        put_text(" LR ");
        put_hex(frame->lr);
    }
    put_text(")");
    bool any = put_reasons(reasons, sizeof reasons / sizeof reasons[0], cfsr, false);
    put_reasons(hard_reasons, sizeof hard_reasons / sizeof hard_reasons[0], hfsr, any);
    halt();
}

__attribute__((used, noreturn)) static void report_interrupt(void) {
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception)); /* PM0253 2.1.3 */
    put_text("\r\nERROR: unexpected ");
    if (exception < 16) {
        put_text("exception ");
        put_decimal(exception);
    } else {
        put_text("interrupt ");
        put_decimal(exception - 16);
    }
    halt();
}

_Noreturn void fault_program_ended(const char *how) {
    put_text("\r\nERROR: the program ended: ");
    put_text(how);
    halt();
}

/* An entry keeps the stack pointer as it was and goes on with a stack of its own. The program uses the main stack
 * only, also in threads. */
#define FAULT_ENTRY(entry, name)                             \
    __attribute__((used)) static const char entry##_name[] = name; \
    __attribute__((naked)) void entry(void) {                \
        __asm volatile("mov r0, sp\n"                        \
                       "movw r1, #:lower16:" #entry "_name\n" \
                       "movt r1, #:upper16:" #entry "_name\n" \
                       "movw r2, #:lower16:fault_stack_top\n" \
                       "movt r2, #:upper16:fault_stack_top\n" \
                       "mov sp, r2\n"                        \
                       "b report\n");                        \
    }

FAULT_ENTRY(fault_hard, "HardFault")
FAULT_ENTRY(fault_memory, "MemManage")
FAULT_ENTRY(fault_bus, "BusFault")
FAULT_ENTRY(fault_usage, "UsageFault")

__attribute__((naked)) void fault_unexpected_interrupt(void) {
    __asm volatile("movw r2, #:lower16:fault_stack_top\n"
                   "movt r2, #:upper16:fault_stack_top\n"
                   "mov sp, r2\n"
                   "b report_interrupt\n");
}
