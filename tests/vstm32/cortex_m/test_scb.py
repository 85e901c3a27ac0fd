"""System control block: identity, caches, fault status, priorities."""

import pytest


def words(bench, body, count):
    board = bench(f"int main(void) {{ {body} seen[63] = 1; return 0; }}").run()
    assert board.board.fault is None
    return [board.seen(index) for index in range(count)]


def test_it_is_a_cortex_m7_r0p1_of_an_stm32f746(bench):
    body = "seen[0] = REG(SCB_CPUID); seen[1] = REG(0xE0042000u); seen[2] = REG(0xE000ED90u);"
    assert words(bench, body, 3) == [0x410F_C271, 0x1001_F449, 0x800]


def test_the_architected_sequences_switch_the_caches_on(bench):
    body = """
    __asm volatile("dsb\\n isb"); REG(0xE000EF50u) = 0; __asm volatile("dsb\\n isb");
    REG(SCB_CCR) |= 1u << 17; __asm volatile("dsb\\n isb");
    REG(0xE000ED84u) = 0; __asm volatile("dsb");
    uint32_t ccsidr = REG(0xE000ED80u), sets = ccsidr >> 13 & 0x7FFF, ways = ccsidr >> 3 & 0x3FF;
    for (uint32_t set = 0; set <= sets; set++)
        for (uint32_t way = 0; way <= ways; way++)
            REG(0xE000EF60u) = set << 5 | way << 30;
    REG(SCB_CCR) |= 1u << 16; __asm volatile("dsb\\n isb");
    seen[0] = REG(SCB_CCR); seen[1] = (sets + 1) * (ways + 1) * 32;
    """
    assert words(bench, body, 2) == [0x0007_0200, 4096]


def test_a_priority_byte_keeps_its_upper_four_bits(bench):
    body = """
    REG8(SCB_SHPR3 + 3) = 0xFF; REG8(NVIC_IPR + 71) = 0x5A;
    seen[0] = REG(SCB_SHPR3); seen[1] = REG8(NVIC_IPR + 71);
    """
    assert words(bench, body, 2) == [0xF000_0000, 0x50]


def test_fault_status_bits_are_cleared_by_writing_ones(bench):
    source = """
    __attribute__((used)) void after(uint32_t *frame)
    {
        seen[0] = REG(SCB_CFSR); REG(SCB_CFSR) = 1u << 15; seen[1] = REG(SCB_CFSR);
        REG8(SCB_CFSR + 1) = 0xFF; seen[2] = REG(SCB_CFSR); seen[3] = REG(SCB_HFSR);
        REG(SCB_HFSR) = 1u << 30; seen[4] = REG(SCB_HFSR);
        frame[6] += 2;
    }
    __attribute__((naked)) void hard_fault_handler(void)
    {
        __asm volatile("mov r0, sp\\n push {r4, lr}\\n bl after\\n pop {r4, pc}");
    }
    int main(void)
    {
        __asm volatile("ldr r0, =0x40000400\\n ldr r0, [r0]" ::: "r0");
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(5)] == [0x8200, 0x0200, 0, 1 << 30, 0]


DIVIDE = """
__attribute__((used)) void report(uint32_t *frame)
{{ seen[0] = REG(SCB_CFSR); seen[1] = frame[6]; seen[63] = 1; for (;;) {{ }} }}
__attribute__((naked)) void usage_fault_handler(void) {{ __asm volatile("mov r0, sp\\n b report"); }}
int main(void)
{{
    REG(SCB_SHCSR) = 1u << 18; REG(SCB_CCR) |= {trap};
    __asm volatile("dsb\\n isb\\n movs r0, #7\\n movs r1, #0\\n mov lr, r1\\n movs r2, #9\\n cmp r0, r1\\n"
                   ".global bad\\n {code}\\n ldr r3, =seen\\n str r2, [r3, #8]"
                   ::: "r0", "r1", "r2", "r3", "lr", "cc", "memory");
    seen[3] = 1; seen[63] = 1;
    return 0;
}}
"""


@pytest.mark.parametrize("code", ["bad: udiv r2, r0, r1", "bad: sdiv r2, r0, lr"])
def test_a_division_by_zero_is_a_usage_fault_at_the_instruction_if_ccr_says_so(bench, code):
    board = bench(DIVIDE.format(trap="1u << 4", code=code)).run()
    assert (board.seen(0), board.seen(3)) == (1 << 25, 0)
    assert board.seen(1) == board.board.symbol("bad") & ~1


@pytest.mark.parametrize(
    ("trap", "code", "result"),
    [
        ("0u", "bad: udiv r2, r0, r1", 0),
        ("1u << 4", "bad: udiv r2, r0, r0", 1),
        ("1u << 4", "it eq\\n bad: sdiveq r2, r0, r1", 9),
        ("1u << 4", "ite lt\\n bad: udivlt r2, r0, r1\\n addge r2, #3", 12),
    ],
)
def test_a_division_that_gives_a_result_or_does_not_run_is_no_fault(bench, trap, code, result):
    board = bench(DIVIDE.format(trap=trap, code=code)).run()
    assert [board.seen(index) for index in (0, 2, 3)] == [0, result, 1]
    assert board.board.findings == ()


@pytest.mark.parametrize(("register", "bits"), [("SCB_CCR", 0x8), ("SCB_CCR", 0x100), ("0xE000ED10u", 0x4)])
def test_other_bits_without_an_effect_here_are_a_finding_too(bench, register, bits):
    board = bench(f"int main(void) {{ REG({register}) |= {bits}u; seen[63] = 1; return 0; }}").run().board
    assert f"the virtual board does not act on bits {bits:#x} " in str(board.findings[0])


def test_every_cache_maintenance_operation_is_accepted(bench):
    body = """
    static const uint8_t operations[] = {0x50, 0x58, 0x5C, 0x60, 0x64, 0x68, 0x6C, 0x70, 0x74, 0x78};
    for (uint32_t i = 0; i < sizeof operations; i++) REG(0xE000EF00u + operations[i]) = 0x20010000u;
    seen[0] = REG(0xE000ED78u); seen[1] = REG(0xE000ED7Cu);
    REG(0xE000ED84u) = 1; seen[2] = REG(0xE000ED80u);
    """
    assert words(bench, body, 3) == [0x0900_0003, 0x8303_C003, 0xF007_E009]


def test_the_pending_and_active_bits_of_shcsr_can_be_written(bench):
    source = """
    void usage_fault_handler(void) { seen[0] = REG(SCB_SHCSR); seen[1]++; }
    int main(void)
    {
        REG(SCB_SHCSR) = 1u << 18 | 1u << 12; __asm volatile("dsb\\n isb");
        seen[2] = REG(SCB_SHCSR); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(3)] == [1 << 18 | 1 << 3, 1, 1 << 18]
