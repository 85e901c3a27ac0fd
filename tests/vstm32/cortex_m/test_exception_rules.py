"""Directed tests of the exception rules of section B1.5 of the Arm v7-M ARM, one promise each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.chips.stm32f746 import CHIP
from vstm32.cortex_m.exceptions import (
    TAIL_CHAIN_CYCLES,
    ExceptionNumber,
    ExceptionUnit,
)
from vstm32.cortex_m.shared import new_table
from vstm32.timing import timing_model

NOTE = """
static void note(uint32_t what) { seen[seen[62]++] = what; }
"""
FPCCR, FPCAR = 0xE000_EF34, 0xE000_EF38


def noted(board):
    return [board.seen(index) for index in range(board.seen(62))]


# --- stacking of the FPU


LAZY = """
__attribute__((used)) void look(uint32_t *frame)
{
    seen[1] = REG(0xE000EF34u); seen[2] = REG(0xE000EF38u) - (uint32_t)frame;
    seen[3] = frame[8 + 5];
    if (%(uses)d) __asm volatile("b 1f\\n 1: vmov.f32 s5, #2.0" ::: "s5", "memory");
    seen[4] = REG(0xE000EF34u); seen[5] = frame[8 + 5];
}
__attribute__((naked)) void svc_handler(void)
{
    __asm volatile("ldr r0, =seen\\n str lr, [r0]\\n mov r0, sp\\n push {r4, lr}\\n bl look\\n pop {r4, pc}");
}
int main(void)
{
    uint32_t *below;
    __asm volatile("mov %%0, sp" : "=r"(below));
    for (int word = 1; word < 40; word++) below[-word] = 0xAAAAAAAAu;
    %(before)s
    uint32_t after, control;
    __asm volatile("vmov.f32 s5, #1.0\\n svc 0\\n vmov %%0, s5\\n mrs %%1, control"
                   : "=r"(after), "=r"(control) :: "s5", "r0", "r1", "r2", "r3", "r12", "lr", "memory");
    seen[6] = after; seen[7] = REG(0xE000EF34u); seen[8] = control & 7; seen[63] = 1;
    return 0;
}
"""
ONE, LSPACT = 0x3F80_0000, 1


def test_a_handler_without_floating_point_leaves_the_place_for_it_unwritten(bench):
    board = bench(LAZY % {"uses": 0, "before": ""}).run()
    assert board.seen(0) == 0xFFFF_FFE9
    # ASPEN, LSPEN, the thread was privileged, LSPACT; HardFault could have run.
    assert board.seen(1) & 0xC000_001B == 0xC000_0019
    assert board.seen(2) == 0x20
    assert (board.seen(3), board.seen(5)) == (0xAAAA_AAAA, 0xAAAA_AAAA)
    assert (board.seen(6), board.seen(7) & LSPACT, board.seen(8)) == (ONE, 0, 4)


def test_its_first_floating_point_instruction_stacks_what_was_there_before(bench):
    board = bench(LAZY % {"uses": 1, "before": ""}).run()
    assert (board.seen(1) & LSPACT, board.seen(4) & LSPACT) == (1, 0)
    assert board.seen(5) == ONE
    assert (board.seen(6), board.seen(8)) == (ONE, 4)


def test_without_lazy_stacking_the_registers_are_stacked_at_entry(bench):
    board = bench(LAZY % {"uses": 0, "before": "REG(0xE000EF34u) = 0x80000000u;"}).run()
    assert (board.seen(0), board.seen(1) & LSPACT) == (0xFFFF_FFE9, 0)
    assert board.seen(3) == ONE
    assert board.seen(6) == ONE


def test_two_threads_that_both_use_the_fpu_keep_their_registers_through_a_context_switch(bench):
    source = """
#include "two_threads.h"
    static void yield(void) { REG(SCB_ICSR) = 1u << 28; __asm volatile("dsb\\n isb"); }
    static uint32_t work(uint32_t seed)
    {
        uint32_t low, high, wrong = 0;
        for (int round = 0; round < 50; round++) {
            uint32_t one = seed + round, two = ~seed - round;
            __asm volatile("vmov s3, %0\\n vmov s20, %1" :: "r"(one), "r"(two) : "s3", "s20");
            __asm volatile("" ::: "memory");
            REG(SCB_ICSR) = 1u << 28;
            __asm volatile("dsb\\n isb\\n vmov %0, s3\\n vmov %1, s20" : "=r"(low), "=r"(high));
            wrong += low != one || high != two;
        }
        return wrong;
    }
    void second(void) { seen[1] = work(0x5000) + 1; for (;;) yield(); }
    int main(void)
    {
        uint32_t *top = &stacks[1][256 - 8];
        top[6] = (uint32_t)second & ~1u; top[7] = 1u << 24;
        top -= 9; top[8] = 0xFFFFFFFDu; tops[1] = top;
        __asm volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb" :: "r"(&stacks[0][256]) : "r0");
        REG8(SCB_SHPR3 + 2) = 0xF0;
        seen[0] = work(0x100) + 1;
        for (int i = 0; i < 5; i++) yield();
        seen[63] = 1;
        for (;;) { }
    }
    """
    board = bench(source, "-fno-inline-functions-called-once").run()
    assert (board.seen(0), board.seen(1)) == (1, 1)
    assert board.board.findings == ()


# --- alignment


@pytest.mark.parametrize(("align", "below", "size"), [(1, 4, 36), (1, 0, 32), (0, 4, 36)])
def test_a_frame_stands_at_a_multiple_of_8_and_the_return_takes_it_back(bench, align, below, size):
    source = f"""
    __attribute__((naked)) void svc_handler(void)
    {{ __asm volatile("mov r0, sp\\n ldr r1, [sp, #28]\\n str r1, [r2]\\n str r0, [r2, #4]\\n bx lr"); }}
    int main(void)
    {{
        REG(SCB_CCR) = {align << 9};
        __asm volatile("mov r4, sp\\n bic r5, r4, #7\\n sub r5, #{below}\\n mov sp, r5\\n mov r2, %0\\n"
                       "svc 0\\n"
                       "str r5, [r2, #8]\\n mov r5, sp\\n str r5, [r2, #12]\\n mov sp, r4"
                       :: "r"(seen) : "r0", "r1", "r2", "r4", "r5", "memory");
        seen[63] = 1;
        return 0;
    }}
    """
    board = bench(source).run()
    assert board.seen(2) - board.seen(1) == size
    assert board.seen(3) == board.seen(2)
    assert board.seen(0) >> 9 & 1 == (size == 36)


# --- tail-chaining and time


def chained(bench, second, timing="m7-block-1"):
    source = f"""
    static uint32_t first_frame, entered, left;
    __attribute__((naked)) void exti0_handler(void)
    {{ __asm volatile("ldr r0, =seen\\n mov r1, sp\\n str r1, [r0]\\n"
                      "ldr r3, =0xE0001004\\n ldr r2, [r3]\\n str r2, [r0, #4]\\n bx lr"); }}
    __attribute__((naked)) void exti1_handler(void)
    {{ __asm volatile("ldr r3, =0xE0001004\\n ldr r2, [r3]\\n ldr r0, =seen\\n str r2, [r0, #8]\\n"
                      "mov r1, sp\\n str r1, [r0, #12]\\n str lr, [r0, #16]\\n bx lr"); }}
    int main(void)
    {{
        cycles_on(); (void)first_frame; (void)entered; (void)left;
        REG(NVIC_ISER) = 3u << 6; __asm volatile("cpsid i");
        REG(NVIC_ISPR) = {3 if second else 1}u << 6;
        __asm volatile("ldr r3, =0xE0001004\\n ldr r4, =seen\\n ldr r2, [r3]\\n cpsie i\\n ldr r5, [r3]\\n"
                       "str r2, [r4, #20]\\n str r5, [r4, #24]" ::: "r2", "r3", "r4", "r5", "memory");
        seen[63] = 1;
        return 0;
    }}
    """
    return bench(source, timing=timing).run()


def test_a_handler_that_follows_another_gets_its_frame_without_a_new_one(bench):
    board = chained(bench, second=True)
    assert board.seen(0) == board.seen(3) != 0
    assert board.seen(4) == 0xFFFF_FFF9


def test_a_handler_that_follows_another_comes_sooner_than_after_a_return_and_an_entry(bench):
    board = chained(bench, second=True)
    between = board.seen(2) - board.seen(1)
    assert between >= TAIL_CHAIN_CYCLES
    lasted = [chained(bench, second=second) for second in (False, True)]
    alone, both = (each.seen(6) - each.seen(5) for each in lasted)
    assert both > alone > 2 * board.board.core.timing.exception_cycles
    assert both - alone < alone


# --- masks and escalation


def test_faultmask_holds_back_everything_but_nmi_and_ends_with_the_handler(bench):
    source = (
        NOTE
        + """
    void exti0_handler(void)
    {
        __asm volatile("cpsid f"); REG(NVIC_ISPR) = 1u << 7; REG(SCB_ICSR) = 1u << 31;
        __asm volatile("dsb\\n isb"); note(1);
    }
    void exti1_handler(void) { note(7); }
    void nmi_handler(void) { note(2); }
    int main(void)
    {
        REG8(NVIC_IPR + 6) = 0x80; REG8(NVIC_IPR + 7) = 0x10; REG(NVIC_ISER) = 3u << 6;
        REG(NVIC_ISPR) = 1u << 6; __asm volatile("dsb\\n isb");
        uint32_t mask; __asm volatile("mrs %0, faultmask" : "=r"(mask)); note(mask); seen[63] = 1;
        return 0;
    }
    """
    )
    assert noted(bench(source).run()) == [2, 1, 7, 0]


def test_a_supervisor_call_that_is_masked_becomes_a_hard_fault(bench):
    source = """
    void hard_fault_handler(void) { seen[0] = REG(SCB_HFSR); seen[63] = 1; for (;;) { } }
    int main(void) { __asm volatile("cpsid i\\n svc 0"); return 0; }
    """
    assert bench(source).run().seen(0) == 1 << 30


def test_a_vector_that_is_no_thumb_address_is_invstate_in_the_handler(bench):
    source = """
    static uint32_t table[128] __attribute__((aligned(512)));
    void usage_fault_handler(void)
    {
        seen[0] = REG(SCB_CFSR); seen[1] = REG(SCB_SHCSR); seen[63] = 1; for (;;) { }
    }
    int main(void)
    {
        for (int i = 0; i < 114; i++) table[i] = ((volatile uint32_t *)0x08000000u)[i];
        table[14] &= ~1u; REG(SCB_VTOR) = (uint32_t)table; REG(SCB_SHCSR) = 1u << 18;
        REG8(SCB_SHPR3 + 2) = 0xF0; __asm volatile("dsb");
        REG(SCB_ICSR) = 1u << 28; __asm volatile("isb");
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(0) == 1 << 17
    # PENDSVACT and USGFAULTACT.
    assert board.seen(1) & 0xFFF == 1 << 10 | 1 << 3


def test_a_vector_table_that_cannot_be_read_is_a_lockup_that_says_so(bench):
    source = """
    int main(void) { REG(SCB_VTOR) = 0x60000000u; __asm volatile("dsb\\n svc 0"); return 0; }
    """
    board = bench(source)
    board.board.run(timeout_seconds=60)
    assert "The vector of exception 3 cannot be read: VTOR is 0x60000000" in str(board.board.fault)


@pytest.mark.parametrize(
    ("value", "status"), [(0xFFFF_FFF1, 1 << 18), (0xFFFF_FFF5, 1 << 18), (0xFFFF_FFFD, 1 << 11)]
)
def test_a_return_that_is_not_possible_is_a_fault_on_the_same_frame(bench, value, status):
    source = f"""
    __attribute__((used)) void report(uint32_t *stack, uint32_t exc_return)
    {{
        seen[0] = REG(SCB_CFSR); seen[1] = exc_return; seen[2] = (uint32_t)stack; seen[63] = 1; for (;;) {{ }}
    }}
    #define FAULT(name) \\
        __attribute__((naked)) void name(void) {{ __asm volatile("mov r0, sp\\n mov r1, lr\\n b report"); }}
    FAULT(usage_fault_handler)
    FAULT(bus_fault_handler)
    __attribute__((naked)) void svc_handler(void)
    {{ __asm volatile("ldr r0, =seen\\n mov r1, sp\\n str r1, [r0, #12]\\n ldr lr, ={value:#x}\\n bx lr"); }}
    int main(void)
    {{
        REG(SCB_SHCSR) = 6u << 16;
        __asm volatile("ldr r0, =0x60000000\\n msr psp, r0\\n svc 0" ::: "r0", "memory");
        return 0;
    }}
    """
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (status, value)
    assert board.seen(2) == board.seen(3)


def test_a_handler_may_return_to_a_thread_below_others_if_ccr_lets_it(bench):
    source = """
    static uint32_t frame[8] __attribute__((aligned(8)));
    void below(void) { seen[0] = REG(SCB_SHCSR) >> 7 & 1; seen[1]++; seen[63] = 1; for (;;) { } }
    __attribute__((naked)) void pendsv_handler(void)
    { __asm volatile("ldr r0, =0xFFFFFFFD\\n bx r0"); }
    void svc_handler(void)
    {
        frame[6] = (uint32_t)below & ~1u; frame[7] = 1u << 24;
        __asm volatile("msr psp, %0" :: "r"(frame));
        REG(SCB_ICSR) = 1u << 28; __asm volatile("dsb\\n isb");
    }
    int main(void)
    {
        REG(SCB_CCR) |= 1; REG8(SCB_SHPR3 - 1) = 0x80; __asm volatile("svc 0");
        return 0;
    }
    """
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (1, 1)


# --- sleep


def test_a_board_that_sleeps_on_exit_runs_handlers_only(bench):
    source = """
    void systick_handler(void) { if (++seen[0] == 5) { REG(0xE000ED10u) = 0; } }
    int main(void)
    {
        REG(SYST_RVR) = 9999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7; REG(0xE000ED10u) = 2;
        __asm volatile("dsb\\n wfi"); seen[1] = seen[0]; seen[63] = 1;
        return 0;
    }
    """
    assert bench(source).run().seen(1) == 5


@pytest.mark.parametrize(("before", "sleeps"), [("sev\\n", False), ("", True)])
def test_wfe_sleeps_until_the_next_event_unless_there_was_one(bench, before, sleeps):
    source = f"""
    void systick_handler(void) {{ seen[2]++; }}
    int main(void)
    {{
        cycles_on();
        REG(SYST_RVR) = 99999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        seen[0] = REG(DWT_CYCCNT); __asm volatile("{before}wfe"); seen[1] = REG(DWT_CYCCNT);
        seen[63] = 1;
        return 0;
    }}
    """
    board = bench(source).run()
    assert (board.seen(1) - board.seen(0) > 90_000, board.seen(2)) == (sleeps, int(sleeps))


def test_with_sevonpend_an_interrupt_that_is_not_enabled_is_an_event(bench):
    source = """
    int main(void)
    {
        cycles_on();
        REG(SYST_RVR) = 99999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7; __asm volatile("cpsid i");
        REG(0xE000ED10u) = 16; REG(NVIC_ISPR) = 1u << 6;
        seen[0] = REG(DWT_CYCCNT); __asm volatile("wfe"); seen[1] = REG(DWT_CYCCNT);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(1) - board.seen(0) < 100


def test_ipsr_tells_the_exception_inside_and_nothing_outside(bench):
    source = (
        NOTE
        + """
    static void look(void) { uint32_t n; __asm volatile("mrs %0, ipsr" : "=r"(n)); note(n); }
    void exti0_handler(void) { look(); REG(SCB_ICSR) = 1u << 31; __asm volatile("dsb\\n isb"); look(); }
    void nmi_handler(void) { look(); }
    void systick_handler(void) { look(); REG(NVIC_ISPR) = 1u << 6; __asm volatile("dsb\\n isb"); look(); }
    int main(void)
    {
        REG8(SCB_SHPR3 + 3) = 0xF0; REG(NVIC_ISER) = 1u << 6;
        look(); REG(SCB_ICSR) = 1u << 26; __asm volatile("dsb\\n isb"); look(); seen[63] = 1;
        return 0;
    }
    """
    )
    assert noted(bench(source).run()) == [0, 15, 22, 2, 22, 15, 0]


# --- arithmetic of priorities


class _Registers:
    """As much of a core as priorities need."""

    primask, faultmask, basepri = "primask", "faultmask", "basepri"
    control = xpsr = sp = fpscr = "of frames"
    s = caller_saved = ()
    chip = CHIP
    timing = timing_model("instructions")

    def __init__(self, **values):
        self._kept = new_table("struct state", 1)
        self.state = self._kept[0]
        self.values = {"primask": 0, "faultmask": 0, "basepri": 0, **values}

    def read_register(self, register):
        return self.values[register]

    def register_group(self, *registers):
        return None  # no frame is pushed or popped here

    def request_look(self):
        pass

    def watch_fpu(self):
        pass


PRIORITIES = st.integers(0, 15).map(lambda level: level << 4)
NUMBERS = st.integers(16, 16 + 97)


@given(st.integers(0, 7), NUMBERS, PRIORITIES, NUMBERS, PRIORITIES)
def test_an_interrupt_preempts_exactly_if_its_group_priority_is_lower(group, number, priority, active, other):
    unit = ExceptionUnit(_Registers())
    unit.priority_group = group
    unit.priorities[active] = other
    unit.priorities[number] = priority
    unit.active.add(active)
    shift = group + 1
    assert unit.can_take(number) == (unit.priority(number) >> shift < unit.priority(active) >> shift)


@given(st.integers(0, 6), PRIORITIES, PRIORITIES)
def test_basepri_masks_what_is_at_its_group_or_below_and_zero_masks_nothing(group, priority, base):
    unit = ExceptionUnit(_Registers(basepri=base))
    unit.priority_group = group
    unit.priorities[20] = priority
    # Group zero of a BASEPRI that is not zero masks all (section B1.4.4).
    assert unit.can_take(20) == (base == 0 or priority >> group + 1 < base >> group + 1)


@given(st.dictionaries(NUMBERS, PRIORITIES, min_size=1))
def test_of_all_that_is_pending_the_lowest_priority_then_the_lowest_number_goes_first(pending):
    unit = ExceptionUnit(_Registers())
    for number, priority in pending.items():
        unit.priorities[number] = priority
    unit.enabled_interrupts |= {number - 16 for number in pending}
    unit.pending |= set(pending)
    assert unit.best_pending() == min(pending, key=lambda number: (pending[number], number))


@given(PRIORITIES, st.booleans(), st.booleans())
def test_hard_faults_and_nmi_pass_every_mask_that_is_below_them(priority, primask, faultmask):
    unit = ExceptionUnit(_Registers(primask=int(primask), faultmask=int(faultmask), basepri=priority))
    assert unit.can_take(ExceptionNumber.NMI)
    assert unit.can_take(ExceptionNumber.HARD_FAULT) == (not faultmask)
    assert (
        unit.can_take(ExceptionNumber.PENDSV) is (priority == 0 and not primask and not faultmask) or priority
    )
