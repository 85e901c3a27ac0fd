from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.stm32.clock_tree import Clocks, clocks, pll_hz, timer_cycles

SELECTED = 2 << 2
HSE_HZ = 25_000_000


@pytest.mark.parametrize(
    ("pllcfgr", "hz"),
    [
        (8 | 216 << 6, 216_000_000),
        (8 | 288 << 6, 288_000_000),
        (25 | 432 << 6 | 1 << 22, 216_000_000),
        (16 | 336 << 6 | 1 << 16, 84_000_000),
    ],
)
def test_the_pll_gives_the_rates_of_the_reference_manual(pllcfgr, hz):
    assert pll_hz(pllcfgr, HSE_HZ) == hz


@given(m=st.integers(2, 63), n=st.integers(50, 432), p=st.integers(0, 3), hse=st.booleans())
def test_the_pll_is_source_over_m_times_n_over_p(m, n, p, hse):
    source = HSE_HZ if hse else 16_000_000
    exact = Fraction(source * n, m * (2 * p + 2))
    assert pll_hz(m | n << 6 | p << 16 | hse << 22, HSE_HZ) == exact.numerator // exact.denominator


@pytest.mark.parametrize("pllcfgr", [0 | 216 << 6, 1 | 216 << 6, 8 | 49 << 6, 8 | 433 << 6])
def test_forbidden_pll_settings_give_no_clock(pllcfgr):
    assert pll_hz(pllcfgr, HSE_HZ) == 0


def test_bus_prescalers_divide_the_system_clock():
    prescalers = SELECTED | 0b1000 << 4 | 0b101 << 10 | 0b110 << 13
    assert clocks(prescalers, 8 | 216 << 6, HSE_HZ) == Clocks(
        216_000_000, 108_000_000, 27_000_000, 13_500_000
    )


def test_after_reset_everything_runs_on_hsi():
    assert clocks(0, 0x2400_3010, HSE_HZ) == Clocks(16_000_000, 16_000_000, 16_000_000, 16_000_000)


@pytest.mark.parametrize(
    ("divider", "timpre", "cycles"),
    [
        *[(1, 0, 1), (2, 0, 1), (4, 0, 2), (8, 0, 4), (16, 0, 8)],
        *[(1, 1, 1), (2, 1, 1), (4, 1, 1), (8, 1, 2), (16, 1, 4)],
    ],
)
def test_timers_run_at_the_bus_clock_or_a_multiple_of_it(divider, timpre, cycles):
    assert timer_cycles(divider, bool(timpre)) == cycles
