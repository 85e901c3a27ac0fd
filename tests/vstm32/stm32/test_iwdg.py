"""The watchdog, alone and as firmware that hangs meets it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hand_clock import HandClock
from vstm32.base.findings import FindingKind
from vstm32.stm32 import iwdg
from vstm32.stm32.iwdg import ACCESS_KEY, KR, PR, RELOAD_KEY, RLR, START_KEY, WINR


class Alone:
    def __init__(self, core_hz: int = 16_000_000) -> None:
        self.clock = HandClock()
        self.core_hz = core_hz
        self.reset_at: int | None = None
        self.dog = iwdg.Iwdg(self.clock, core_clock_hz=lambda: self.core_hz, request_reset=self._reset)

    def _reset(self) -> None:
        self.reset_at = self.reset_at or self.clock.now

    def write(self, *pairs: tuple[int, int]) -> None:
        for offset, value in pairs:
            self.dog.write_register(offset, value)


@given(
    prescaler=st.integers(0, 7),
    reload=st.integers(0, 0xFFF),
    core_hz=st.sampled_from([16_000_000, 216_000_000]),
)
def test_it_ends_after_reload_plus_one_counts_of_the_lsi(prescaler, reload, core_hz):
    alone = Alone(core_hz)
    alone.write((KR, ACCESS_KEY), (PR, prescaler), (RLR, reload), (KR, START_KEY))
    divider = 256 if prescaler == 7 else 4 << prescaler
    due = -(-(reload + 1) * divider * core_hz // 32_000)
    alone.clock.wait(due - 1)
    assert alone.reset_at is None
    alone.clock.wait(1)
    assert alone.reset_at == due


def test_a_reload_in_time_keeps_it_quiet():
    alone = Alone()
    alone.write((KR, START_KEY))
    for _ in range(20):
        alone.clock.wait(8_000_000)
        alone.write((KR, RELOAD_KEY))
    assert alone.reset_at is None


def test_settings_are_closed_until_the_key_and_after_any_other():
    alone = Alone()
    alone.write((RLR, 5), (PR, 5))
    assert (alone.dog.read_register(RLR), alone.dog.read_register(PR)) == (0xFFF, 0)
    alone.write((KR, ACCESS_KEY), (RLR, 5), (KR, RELOAD_KEY), (RLR, 7))
    assert (alone.dog.read_register(RLR), alone.dog.read_register(KR)) == (5, 0)


@pytest.mark.parametrize(("counts", "bites"), [(10, True), (60, False)])
def test_a_reload_above_the_window_is_a_reset(counts, bites):
    alone = Alone()
    alone.write((KR, START_KEY), (KR, ACCESS_KEY), (RLR, 100), (WINR, 50))
    alone.clock.wait(counts * 4 * 16_000_000 // 32_000)
    alone.write((KR, RELOAD_KEY))
    assert (alone.reset_at is not None) == bites


def test_the_core_clock_may_change_meanwhile():
    alone = Alone()
    alone.write((KR, START_KEY))
    alone.clock.wait(4_096_000)  # half of the 0.512 s
    alone.core_hz = 200_000_000
    alone.dog.clocks_changed()
    alone.clock.wait(51_200_000 - 1)
    assert alone.reset_at is None
    alone.clock.wait(1)
    assert alone.reset_at is not None


HANGS = """
__attribute__((section(".keep"))) uint32_t boots, flags[4];
int main(void)
{{
    flags[boots++] = REG(RCC_CSR) >> 24;
    for (int i = 0; i < 3; i++) seen[i] = flags[i];
    if (boots == 3) {{ seen[63] = 1; return 0; }}
    if (boots == 2) REG(RCC_CSR) = 1u << 24;
    clock_216();
    REG(0x40003000u) = 0x5555u; REG(0x40003004u) = 0; REG(0x40003008u) = 320; REG(0x40003000u) = 0xCCCCu;
    for (;;) {{ {idle} }}
}}
"""


@pytest.mark.parametrize("idle", ["", '__asm volatile("wfi");'])
def test_a_firmware_that_hangs_or_oversleeps_starts_again_and_knows_why(bench, idle):
    board = bench(HANGS.format(idle=idle), "-Wl,--section-start=.keep=0x20020000").run()
    pin, watchdog = 1 << 2, 1 << 5
    assert board.seen(0) == 0x0E
    assert board.seen(1) == 0x0E | watchdog | pin
    assert board.seen(2) == watchdog | pin
    assert 2 * 0.04 * 216e6 < board.board.cycles < 2 * 0.0411 * 216e6
    assert board.board.findings == ()


def test_a_core_that_locks_up_is_reset_by_the_watchdog(bench):
    source = """
    void hard_fault_handler(void) { REG(0x40000800u) = 1; }
    int main(void)
    {
        seen[0] = REG(RCC_CSR) >> 24;
        if (seen[0] != 0x0Eu) { seen[63] = 1; return 0; }
        REG(0x40003000u) = 0xCCCCu; REG(0x40000400u) = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.board.running
    assert board.seen(0) == 0x2E
    assert board.board.findings[-1].kind is FindingKind.LOCKUP
    assert board.board.cycles > 0.512 * 16e6
