"""Whether anything is to be expected of a firmware any more."""

import pytest

from vstm32 import Prospect
from vstm32.base.findings import FindingKind

# TIM2 at its slowest, and the interrupt of USART6 with RXNEIE.
TIMER = "REG(RCC_APB1ENR) |= 1u; (void)REG(RCC_APB1ENR); REG(0x4000000Cu) = 1u; REG(0x40000000u) = 1u;"
TIMER_INTERRUPT = "REG(NVIC_ISER) = 1u << 28;"
LISTENS = "clock_216(); serial_on(938); REG(USART6_CR1) |= 1u << 5; REG(NVIC_ISER + 8) = 1u << 7;"
TICKS = "REG(SYST_RVR) = 0xFFFFFFu; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;"
WATCHDOG = "REG(0x40003000u) = 0xCCCCu;"
MASKED = '__asm volatile("cpsid i");'
LOOP, SLEEP = "for (;;) { }", 'for (;;) __asm volatile("wfi");'


@pytest.mark.parametrize(
    ("before", "end", "prospect"),
    [
        ("", LOOP, Prospect.ENDED),
        ("", SLEEP, Prospect.ENDED),
        ("", 'for (;;) __asm volatile("nop");', Prospect.ENDED),
        ("", "for (;;) seen[0]++;", Prospect.GOES_ON),
        # Pending and not enabled.
        ("REG(NVIC_ISPR) = 1u << 6;", LOOP, Prospect.ENDED),
        (TICKS, LOOP, Prospect.GOES_ON),
        (TICKS, SLEEP, Prospect.GOES_ON),
        (TICKS + MASKED, LOOP, Prospect.ENDED),
        # What is masked wakes all the same.
        (TICKS + MASKED, SLEEP, Prospect.GOES_ON),
        (TIMER, LOOP, Prospect.ENDED),
        (TIMER + TIMER_INTERRUPT, LOOP, Prospect.GOES_ON),
        (LISTENS, LOOP, Prospect.GOES_ON),
        (LISTENS + MASKED, LOOP, Prospect.ENDED),
        (WATCHDOG, LOOP, Prospect.GOES_ON),
        (WATCHDOG, SLEEP, Prospect.GOES_ON),
    ],
)
def test_a_loop_or_a_sleep_that_nothing_can_end_is_the_end(bench, before, end, prospect):
    board = bench(f"int main(void) {{ {before} seen[63] = 1; {end} }}").run().board
    board.run(max_cycles=10_000, until=lambda: True)
    assert board.prospect() is prospect
    assert (board.loop, board.findings) == (None, ())


def test_what_is_on_its_way_to_the_host_is_waited_for(bench):
    source = (
        "int main(void) { clock_216(); serial_on(938); REG(USART6_TDR) = 'x'; seen[63] = 1; for (;;) { } }"
    )
    board = bench(source).run().board
    assert board.prospect() is Prospect.GOES_ON
    board.run_until_it_waits(timeout_seconds=60)
    assert board.line().read() == b"x"
    assert board.prospect() is Prospect.ENDED


def test_a_handler_that_never_returns_is_a_finding_once(bench):
    source = """
    void exti0_handler(void) { seen[63] = 1; for (;;) { } }
    int main(void) { REG(NVIC_ISER) = 1u << 6; REG(NVIC_ISPR) = 1u << 6; for (;;) { } }
    """
    board = bench(source).run().board
    assert board.prospect() is board.prospect() is Prospect.STUCK
    (finding,) = board.findings
    assert finding == board.loop
    assert finding.kind is FindingKind.LOOP
    assert finding.message == (
        f"The interrupt 6 handler loops at {finding.address:#010x} ({finding.place}) for ever, "
        "and nothing can interrupt it."
    )
    assert finding.place.startswith("exti0_handler+0x")


def test_a_handler_that_a_higher_one_can_interrupt_goes_on(bench):
    source = """
    void exti0_handler(void) { seen[63] = 1; for (;;) { } }
    int main(void)
    {
        REG8(NVIC_IPR + 6) = 0x80; REG(SYST_RVR) = 0xFFFFFFu; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        REG(NVIC_ISER) = 1u << 6; REG(NVIC_ISPR) = 1u << 6; for (;;) { }
    }
    """
    board = bench(source).run().board
    assert (board.prospect(), board.findings) == (Prospect.GOES_ON, ())
