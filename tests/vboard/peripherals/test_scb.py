"""System control block: identity, caches, fault status, priorities."""

import pytest


def words(bench, body, count):
    board = bench(f"int main(void) {{ {body} seen[63] = 1; return 0; }}").run()
    assert board.board.fault is None
    return [board.seen(index) for index in range(count)]


def test_it_is_a_cortex_m7_r0p1_of_an_stm32f746(bench):
    body = "seen[0] = REG(SCB_CPUID); seen[1] = REG(0xE0042000u); seen[2] = REG(0xE000ED90u);"
    assert words(bench, body, 3) == [0x410F_C271, 0x1001_6449, 0x800]


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
        __asm volatile("ldr r0, =0x40000000\\n ldr r0, [r0]" ::: "r0");
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(5)] == [0x8200, 0x0200, 0, 1 << 30, 0]


def test_traps_that_cannot_be_modelled_are_a_finding(bench):
    board = bench("int main(void) { REG(SCB_CCR) |= 1u << 4; seen[63] = 1; return 0; }").run().board
    assert str(board.findings[0]).startswith("SCB_CCR: the virtual board does not act on bits 0x10 ")


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
