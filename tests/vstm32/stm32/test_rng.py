"""RNG: numbers that can be had again, and the clock that it needs."""

from vstm32.base.findings import FindingKind
from vstm32.stm32 import rng

TAKE = """
#define RNG 0x50060800u
static void rng_on(void) {{ REG(0x40023834u) |= 1u << 6; (void)REG(0x40023834u); REG(RNG) = 4u; }}
int main(void)
{{
    {clock}; cycles_on(); rng_on();
    uint32_t began = REG(DWT_CYCCNT);
    while (!(REG(RNG + 4u) & 1u)) {{ }}
    seen[8] = REG(DWT_CYCCNT) - began;
    for (int i = 0; i < 8; i++) {{
        while (!(REG(RNG + 4u) & 1u)) {{ }}
        seen[i] = REG(RNG + 8u);
    }}
    seen[63] = 1;
    return 0;
}}
"""


def numbers(bench, **options):
    board = bench(TAKE.format(clock="clock_216()"), **options).run()
    assert board.board.findings == ()
    return [board.seen(index) for index in range(8)]


def test_runs_can_be_repeated_and_another_seed_gives_other_numbers(bench):
    first = numbers(bench)
    assert len(set(first)) == 8
    assert numbers(bench) == first
    assert not set(numbers(bench, random_seed=1)) & set(first)


def test_a_number_takes_forty_cycles_of_48_mhz(bench):
    board = bench(TAKE.format(clock="clock_216()")).run()
    assert 180 - 10 <= board.seen(8) <= 180 + 20


def test_without_the_48_mhz_clock_there_is_a_clock_error_and_a_finding(bench):
    source = """
    int main(void)
    {
        REG(0x40023834u) |= 1u << 6; (void)REG(0x40023834u);
        REG(0x50060800u) = 4u;
        seen[0] = REG(0x50060804u); seen[1] = REG(0x50060808u);
        REG(0x50060804u) = 0; seen[2] = REG(0x50060804u);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(3)] == [rng.CECS | rng.CEIS, 0, rng.CECS]
    first, second = board.board.findings
    assert first.kind is FindingKind.CLOCK
    assert "RNG makes no numbers: PLL48CLK is 0 Hz" in str(first)
    assert "RNG_DR is read while RNG_SR has no DRDY, and reads as zero" in str(second)


def test_a_number_interrupts_and_the_line_stays_until_it_is_read(bench):
    source = """
    static volatile uint32_t count;
    void rng_handler(void) { seen[count & 7u] = REG(0x50060808u); if (++count == 5) REG(0x50060800u) = 0; }
    int main(void)
    {
        clock_216(); REG(0x40023834u) |= 1u << 6; (void)REG(0x40023834u);
        REG(NVIC_ISER + 8) = 1u << 16; REG(0x50060800u) = 0xCu;
        while (count < 5) __asm volatile("wfi");
        seen[8] = count; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(8) == 5
    assert [board.seen(index) for index in range(5)] == numbers(bench)[:5]


def test_what_follows_its_registers_is_a_bus_fault(bench):
    board = bench("int main(void) { seen[0] = REG(0x5006080Cu); seen[63] = 1; return 0; }").board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    assert "reads 0x5006080c (RNG, 4 bytes), which is not modelled" in str(board.fault)
