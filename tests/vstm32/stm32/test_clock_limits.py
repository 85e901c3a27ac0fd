"""What is too fast for what it is supplied with, as data and as firmware brings it about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.base.findings import FindingKind
from vstm32.chips.stm32f746 import CHIP
from vstm32.stm32.clock_limits import Regulator, excesses, pll_mistakes, wait_states_needed
from vstm32.stm32.clock_tree import Clocks, main_pll

MHZ = 1_000_000
LIMITS, HSE_HZ = CHIP.limits, CHIP.kit.hse_hz
FULL = Regulator(scale=1, over_drive=True)
PLAIN = Regulator(scale=1, over_drive=False)


def clocks(hclk_mhz: int, pclk1_mhz: int = 1, pclk2_mhz: int = 1) -> Clocks:
    return Clocks(hclk_mhz * MHZ, hclk_mhz * MHZ, pclk1_mhz * MHZ, pclk2_mhz * MHZ)


@pytest.mark.parametrize(
    ("hz", "wait_states"),
    [
        (16 * MHZ, 0), (30 * MHZ, 0), (30 * MHZ + 1, 1), (60 * MHZ, 1), (90 * MHZ, 2), (120 * MHZ, 3),
        (150 * MHZ, 4), (180 * MHZ, 5), (180 * MHZ + 1, 6), (210 * MHZ, 6), (216 * MHZ, 7), (432 * MHZ, 7),
    ],
)  # fmt: skip
def test_wait_states_are_those_of_the_table(hz, wait_states):
    assert wait_states_needed(hz, LIMITS) == wait_states


@given(hclk_mhz=st.integers(1, 216), more=st.integers(0, 8))
def test_enough_wait_states_and_slow_buses_are_no_excess(hclk_mhz, more):
    assert (
        list(excesses(clocks(hclk_mhz), wait_states_needed(hclk_mhz * MHZ, LIMITS) + more, FULL, LIMITS))
        == []
    )


@pytest.mark.parametrize(
    ("rates", "wait_states", "regulator", "kind", "sentence"),
    [
        (
            clocks(216), 5, FULL, FindingKind.CLOCK,
            "Flash has 5 wait states and needs 7 for a core at 216 MHz (FLASH_ACR.LATENCY): a real one may "
            "read wrong instructions.",
        ),
        (
            clocks(217), 7, FULL, FindingKind.OVERCLOCKED,
            "The core is overclocked: it runs at 217 MHz, and the data sheet allows 216 MHz.",
        ),
        (
            clocks(181), 7, PLAIN, FindingKind.CLOCK,
            "The core runs at 181 MHz, and voltage scale 1 without over-drive allows 180 MHz (PWR_CR1).",
        ),
        (
            clocks(181), 7, Regulator(2, True), FindingKind.CLOCK,
            "The core runs at 181 MHz, and voltage scale 2 with over-drive allows 180 MHz (PWR_CR1).",
        ),
        (
            clocks(145), 7, Regulator(3, False), FindingKind.CLOCK,
            "The core runs at 145 MHz, and voltage scale 3 without over-drive allows 144 MHz (PWR_CR1).",
        ),
        (
            clocks(168, 46), 7, PLAIN, FindingKind.CLOCK,
            "PCLK1 is 46 MHz, and 45 MHz are allowed without over-drive (RCC_CFGR).",
        ),
        (
            clocks(216, 54, 216), 7, FULL, FindingKind.CLOCK,
            "PCLK2 is 216 MHz, and 108 MHz are allowed with over-drive (RCC_CFGR).",
        ),
    ],
)  # fmt: skip
def test_each_excess_has_its_sentence(rates, wait_states, regulator, kind, sentence):
    assert list(excesses(rates, wait_states, regulator, LIMITS)) == [(kind, sentence)]


@pytest.mark.parametrize(
    "pllcfgr",
    [8 | 216 << 6 | 9 << 24, 25 | 432 << 6 | 1 << 22 | 9 << 24, 8 | 288 << 6 | 12 << 24],
)
def test_settings_that_work_are_no_mistakes_even_if_they_overclock(pllcfgr):
    assert list(pll_mistakes("PLL", main_pll(pllcfgr, HSE_HZ), LIMITS)) == []


@pytest.mark.parametrize(
    ("pllcfgr", "sentence"),
    [
        (
            1 | 216 << 6 | 2 << 24,
            "PLL does not lock: M is 1 and N is 216; M can be 2 to 63, and N 50 to 432.",
        ),
        (
            8 | 433 << 6 | 2 << 24,
            "PLL does not lock: M is 8 and N is 433; M can be 2 to 63, and N 50 to 432.",
        ),
        (8 | 216 << 6, "PLL has no output Q: Q is 0, and it can be 2 to 15."),
        (4 | 50 << 6 | 2 << 24, "The VCO of PLL gets 4 MHz, and it wants 1 MHz to 2 MHz: look at M."),
        (
            16 | 50 << 6 | 2 << 24,
            "The VCO of PLL runs at 50 MHz, and it can do 100 MHz to 432 MHz: look at N.",
        ),
        (
            8 | 300 << 6 | 1 << 16 | 2 << 24,
            "The VCO of PLL runs at 600 MHz, and it can do 100 MHz to 432 MHz: look at N.",
        ),
    ],
)
def test_settings_outside_of_the_manual_are_mistakes(pllcfgr, sentence):
    assert list(pll_mistakes("PLL", main_pll(pllcfgr, HSE_HZ), LIMITS)) == [sentence]


def said(bench, body):
    board = bench(f"int main(void) {{ {body} seen[63] = 1; return 0; }}").run().board
    return [(finding.kind, str(finding).split(" (instruction")[0]) for finding in board.findings]


def test_fewer_wait_states_at_full_speed_are_a_finding_at_the_instruction(bench):
    source = """
    int main(void)
    {
        clock_216();
        __asm volatile("ldr r0, =0x40023C00\\n movs r1, #3\\n"
                       ".global bad\\n bad: str r1, [r0]" ::: "r0", "r1");
        REG(FLASH_ACR) = 4; REG(FLASH_ACR) = 3; REG(FLASH_ACR) = 7;
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run().board
    bad = board.symbol("bad") & ~1
    first, second = board.findings
    assert (first.kind, first.program_counter) == (FindingKind.CLOCK, bad)
    assert str(first) == (
        "Flash has 3 wait states and needs 7 for a core at 216 MHz (FLASH_ACR.LATENCY): a real one may read "
        f"wrong instructions (instruction at {bad:#010x})."
    )
    assert "Flash has 4 wait states" in str(second)


def test_a_core_above_216_mhz_is_noted_once_and_runs(bench):
    assert said(bench, "clock_288(); REG(FLASH_ACR) = 8; REG(FLASH_ACR) = 7;") == [
        (
            FindingKind.OVERCLOCKED,
            "The core is overclocked: it runs at 288 MHz, and the data sheet allows 216 MHz",
        )
    ]


def test_leaving_over_drive_at_full_speed_is_a_finding(bench):
    findings = said(bench, "clock_216(); REG(PWR_CR1) &= ~(1u << 17);")
    assert findings[0] == (
        FindingKind.CLOCK,
        "The core runs at 216 MHz, and voltage scale 1 without over-drive allows 180 MHz (PWR_CR1)",
    )
    assert [sentence[:5] for _kind, sentence in findings[1:]] == ["PCLK1", "PCLK2"]


def test_a_new_voltage_scale_is_refused_while_the_pll_is_on(bench):
    body = "clock_216(); REG(PWR_CR1) = (REG(PWR_CR1) & ~0xC000u) | 0x4000u; seen[0] = REG(PWR_CR1);"
    board = bench(f"int main(void) {{ {body} seen[63] = 1; return 0; }}").run()
    assert board.seen(0) & 0xC000 == 0xC000
    assert "The PLL is on, so VOS in PWR_CR1 keeps its voltage scale" in str(board.board.findings[0])


def test_what_comes_again_after_a_reset_of_the_firmware_is_counted(bench):
    source = """
    __attribute__((section(".keep"))) uint32_t boots;
    int main(void) { clock_288(); if (boots++ == 0) { REG(SCB_AIRCR) = 0x05FA0004u; for (;;) { } }
                     seen[63] = 1; return 0; }
    """
    board = bench(source, "-Wl,--section-start=.keep=0x20020000").run().board
    assert [(finding.kind, finding.times) for finding in board.findings] == [(FindingKind.OVERCLOCKED, 2)]
