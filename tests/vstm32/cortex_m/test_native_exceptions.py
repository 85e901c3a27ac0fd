"""Exceptions that C delivers leave the board as those that Python delivers: each firmware runs both ways."""

import pytest

THREADS = """
#include "two_threads.h"
static volatile uint32_t ticks, calls;
void systick_handler(void) { ticks++; REG(SCB_ICSR) = 1u << 28; }
void svc_handler(void) { calls++; REG(SCB_ICSR) = 1u << 28; }
static float work(float from, int rounds)
{
    for (int round = 0; round < rounds; round++) from = from * 1.0625f + 0.5f - (float)round;
    return from;
}
void second(void)
{
    volatile float kept = 2.0f;
    for (;;) { kept = work(kept, 7); __asm volatile("svc 1"); }
}
int main(void)
{
    uint32_t *top = &stacks[1][256 - 8];
    top[6] = (uint32_t)second & ~1u; top[7] = 1u << 24;
    top -= 9; top[8] = 0xFFFFFFFDu; tops[1] = top;
    __asm volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb" :: "r"(&stacks[0][256]) : "r0");
    REG8(SCB_SHPR3 + 2) = 0xF0; REG8(SCB_SHPR3 + 3) = 0x80; REG8(SCB_SHPR1 + 7) = 0xF0;
    REG(SYST_RVR) = 499; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
    volatile float kept = 1.0f;
    while (ticks < 30) kept = work(kept, 11);
    seen[0] = ticks; seen[1] = calls; seen[63] = 1;
    for (;;) { }
}
"""
MASKS = """
static volatile uint32_t order;
static void note(uint32_t what) { order = order * 31 + what; }
#define PEND(n) (REG(NVIC_ISPR + 4 * ((n) / 32)) = 1u << (n) % 32)
void exti0_handler(void) { note(6); PEND(7); PEND(28); note(60); }
void exti1_handler(void)
{
    note(7); __asm volatile("cpsid i"); PEND(37); note(70); __asm volatile("cpsie i"); note(71);
}
void tim2_handler(void) { note(28); }
void usart1_handler(void) { note(37); __asm volatile("cpsid f"); note(90); }
void nmi_handler(void) { note(2); PEND(6); }
int main(void)
{
    REG8(NVIC_IPR + 6) = 0x40; REG8(NVIC_IPR + 7) = 0x20;
    REG8(NVIC_IPR + 28) = 0x60; REG8(NVIC_IPR + 37) = 0x20;
    REG(NVIC_ISER) = 1u << 6 | 1u << 7 | 1u << 28; REG(NVIC_ISER + 4) = 1u << 5;
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t base = (round & 3) << 5;
        __asm volatile("msr basepri, %0" :: "r"(base));
        PEND(6); note(1);
        REG(SCB_ICSR) = 1u << 31; note(3);
        base = 0;
        __asm volatile("msr basepri, %0\\n nop" :: "r"(base));
        __asm volatile("cpsid i"); PEND(28); note(4); __asm volatile("cpsie i\\n nop"); note(5);
        REG(SCB_AIRCR) = 0x05FA0000u | (round & 7) << 8;
    }
    seen[0] = order; seen[63] = 1;
    for (;;) { }
}
"""
SLEEPS_ON_EXIT = """
static volatile uint32_t ticks;
void systick_handler(void) { if (++ticks == 5) REG(0xE000ED10u) = 0; }
int main(void)
{
    REG(0xE000ED10u) = 2; REG(SYST_RVR) = 9999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
    __asm volatile("wfi");
    seen[0] = ticks; seen[63] = 1;
    for (;;) { }
}
"""
STACKS_AT_ONCE = THREADS.replace(
    "volatile float kept = 1.0f", "REG(0xE000EF34u) = 1u << 31; volatile float kept = 1.0f"
)
RETURNS_WRONGLY = """
void usage_fault_handler(void) { seen[0] = REG(SCB_CFSR); seen[63] = 1; for (;;) { } }
__attribute__((naked)) void svc_handler(void) { __asm volatile("ldr r0, =0xFFFFFFE3\\n bx r0"); }
int main(void)
{
    REG(SCB_SHCSR) = 7u << 16;
    __asm volatile("svc 0");
    for (;;) { }
}
"""
OVERFLOWS = """
void bus_fault_handler(void) { }
void hard_fault_handler(void) { seen[0] = REG(SCB_CFSR); seen[63] = 1; for (;;) { } }
void systick_handler(void) { }
int main(void)
{
    __asm volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb" :: "r"(0x20000010u) : "r0");
    REG(SCB_ICSR) = 1u << 26;
    for (;;) { }
}
"""
FIRMWARES = {
    "threads": (THREADS, True),
    "masks": (MASKS, True),
    "sleeps-on-exit": (SLEEPS_ON_EXIT, True),
    "stacks-at-once": (STACKS_AT_ONCE, True),
    "returns-wrongly": (RETURNS_WRONGLY, True),
    "overflows": (OVERFLOWS, False),
}


class _Looks:
    """Who follows exceptions: then Python delivers all of them."""

    def entered(self, number, frame):
        pass

    def left(self, frame, still_active):
        pass

    def reset(self):
        pass


def _all_of(made):
    """The whole of a board that has run to the end of its firmware."""
    core = made.board.core
    registers = (*core.r, core.lr, core.sp, core.psp, core.msp, core.xpsr, core.control, *core.s, core.fpscr)
    state = core.state.exceptions
    return {
        "seen": [made.seen(index) for index in range(64)],
        "registers": [core.read_register(register) for register in registers],
        "at": core.program_counter,
        "findings": [str(finding) for finding in made.board.findings],
        "pending": set(made.board.system.exceptions.pending),
        "active": set(made.board.system.exceptions.active),
        "fpu": (state.fp_control, state.fp_address, state.event),
        "ram": bytes(core.shared.memory[core.memory.map.flash.size_bytes :]),
    }


@pytest.mark.parametrize("name", FIRMWARES)
def test_c_delivers_exceptions_as_python_does(bench, name):
    source, is_plain = FIRMWARES[name]
    fast, slow = bench(source), bench(source)
    slow.board.system.exceptions.observer = _Looks()
    for made in (fast, slow):
        made.run()
        # To the same cycle: a run ends at the end of a slice.
        made.board.run(max_cycles=60_000 - made.board.cycles)
    native = [made.board.system.exceptions.delivered_natively for made in (fast, slow)]
    assert (native[0] > 0, native[1]) == (is_plain, 0)
    assert _all_of(fast) == _all_of(slow)


def test_c_delivers_nearly_all_exceptions_of_threads_that_take_turns(bench):
    made = bench(THREADS).run()
    # A tick enters, hands on to PendSV and returns; a call does the same. The ticks' entries follow alarms.
    ticks, calls = made.seen(0), made.seen(1)
    assert made.board.system.exceptions.delivered_natively >= 2 * ticks + 3 * (calls - 1)


def test_python_delivers_all_exceptions_while_the_mpu_is_on(bench):
    source = THREADS.replace("volatile float kept = 1.0f", "REG(0xE000ED94u) = 5; volatile float kept = 1.0f")
    made = bench(source).run()
    before = made.board.system.exceptions.delivered_natively
    made.board.run(max_cycles=20_000)
    assert made.seen(0) == 30
    assert made.board.system.exceptions.delivered_natively == before < 10
