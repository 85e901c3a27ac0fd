import itertools

import pytest


@pytest.mark.parametrize(("load", "source", "cycles"), [(999, 4, 1000), (0xFFFFFF, 4, 1 << 24), (99, 0, 800)])
def test_a_period_has_exactly_load_plus_one_ticks(bench, load, source, cycles):
    firmware = f"""
    void systick_handler(void) {{ if (seen[60] < 6) seen[seen[60]++] = REG(DWT_CYCCNT); }}
    int main(void)
    {{
        cycles_on();
        REG(SYST_RVR) = {load}; REG(SYST_CVR) = 0; REG(SYST_CSR) = 3 | {source};
        while (seen[60] < 6) __asm volatile("wfi");
        seen[63] = 1;
        return 0;
    }}
    """
    board = bench(firmware).run()
    stamps = [board.seen(index) for index in range(6)]
    assert [second - first for first, second in itertools.pairwise(stamps)] == [cycles] * 5


def test_the_counter_counts_down_once_per_cycle_and_reloads(bench):
    source = """
    int main(void)
    {
        REG(SYST_RVR) = 50; REG(SYST_CVR) = 0; REG(SYST_CSR) = 5;
        __asm volatile("ldr r0, =0xE000E018\\n ldr r1, [r0]\\n ldr r2, [r0]\\n nop\\n ldr r3, [r0]\\n"
                       "ldr r4, =seen\\n stm r4, {r1, r2, r3}" ::: "r0", "r1", "r2", "r3", "r4", "memory");
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    first, second, third = (board.seen(index) for index in range(3))
    assert 40 <= first <= 50
    assert (second, third) == (first - 1, first - 3)


def test_countflag_is_set_by_reaching_zero_and_cleared_by_reading_or_by_writing_the_value(bench):
    source = """
    static void pass(void) { for (volatile int i = 0; i < 50; i++) { } }
    int main(void)
    {
        REG(SYST_RVR) = 99; REG(SYST_CVR) = 0; REG(SYST_CSR) = 5;
        seen[0] = REG(SYST_CSR); pass();
        seen[1] = REG(SYST_CSR); seen[2] = REG(SYST_CSR); pass();
        REG(SYST_CVR) = 5; seen[3] = REG(SYST_CSR);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) >> 16 for index in range(4)] == [0, 1, 0, 0]


def test_a_counter_that_is_off_stands_still(bench):
    source = """
    int main(void)
    {
        REG(SYST_RVR) = 5000; REG(SYST_CVR) = 0; REG(SYST_CSR) = 5;
        for (volatile int i = 0; i < 50; i++) { }
        REG(SYST_CSR) = 4; seen[0] = REG(SYST_CVR);
        for (volatile int i = 0; i < 50; i++) { }
        seen[1] = REG(SYST_CVR); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert 0 < board.seen(0) == board.seen(1) < 5000


def test_the_tick_comes_while_the_firmware_computes(bench):
    source = """
    void systick_handler(void) { seen[0]++; }
    int main(void)
    {
        REG(SYST_RVR) = 9999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        __asm volatile("ldr r0, =333333\\n 1: subs r0, #1\\n nop\\n bne 1b" ::: "r0", "cc");
        seen[1] = seen[0]; seen[63] = 1;
        return 0;
    }
    """
    assert bench(source).run().seen(1) == 100
