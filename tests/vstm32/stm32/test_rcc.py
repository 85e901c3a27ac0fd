import pytest

from vstm32.base.findings import FindingKind
from vstm32.chips.stm32f746 import CHIP
from vstm32.stm32 import rcc
from vstm32.stm32.clock_tree import Clocks
from vstm32.stm32.rcc import Rcc


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("clock_216()", Clocks(216_000_000, 216_000_000, 54_000_000, 108_000_000)),
        ("clock_288()", Clocks(288_000_000, 288_000_000, 36_000_000, 72_000_000)),
    ],
)
def test_firmware_reaches_its_clock_through_the_whole_handshake(bench, call, expected):
    board = bench(f"int main(void) {{ {call}; seen[63] = 1; return 0; }}").run()
    assert board.board.clocks == expected
    assert [finding for finding in board.board.findings if not finding.is_note] == []


def test_an_oscillator_is_ready_only_when_it_is_on():
    block = Rcc(CHIP)
    assert block.read_register(rcc.CR) & (1 << 17 | 1 << 25) == 0
    block.write_register(rcc.CR, 0x83 | 1 << 16 | 1 << 24)
    assert block.read_register(rcc.CR) & (1 << 17 | 1 << 25) == 1 << 17 | 1 << 25
    block.write_register(rcc.CR, 0x83)
    assert block.read_register(rcc.CR) & (1 << 17 | 1 << 25) == 0


def test_switching_to_a_source_that_is_not_ready_keeps_the_old_one():
    block = Rcc(CHIP)
    block.write_register(rcc.CFGR, 2)
    assert block.read_register(rcc.CFGR) == 2
    assert block.clocks.sysclk_hz == 16_000_000


def test_the_source_in_use_cannot_be_switched_off():
    block = Rcc(CHIP)
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    block.write_register(rcc.CFGR, 2)
    block.write_register(rcc.CR, 0)
    assert block.clocks.sysclk_hz == 216_000_000
    assert block.read_register(rcc.CR) & (1 << 24 | 1) == 1 << 24 | 1


def test_a_running_pll_keeps_its_settings():
    block = Rcc(CHIP)
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    block.write_register(rcc.PLLCFGR, 8 | 288 << 6)
    assert block.read_register(rcc.PLLCFGR) == 8 | 216 << 6


@pytest.mark.parametrize(("field", "hz"), [(0, 108), (1, 216_000_000), (2, 16_000_000), (3, 32_768)])
def test_a_usart_takes_its_clock_from_where_dckcfgr2_says(field, hz):
    block = Rcc(CHIP)
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    block.write_register(rcc.CFGR, 2)
    block.write_register(rcc.BDCR, 1)
    block.write_register(rcc.DCKCFGR2, field << 10)
    assert block.baud_clock_hz(10, 108) == hz


def test_reset_flags_are_removed_on_request():
    block = Rcc(CHIP)
    assert block.read_register(rcc.CSR) == 0x0E00_0000
    block.write_register(rcc.CSR, 1 << 24)
    assert block.read_register(rcc.CSR) == 0


def test_a_pll_does_not_lock_without_its_source_or_with_forbidden_settings():
    said = []
    block = Rcc(CHIP, complain=said.append)
    block.write_register(rcc.PLLCFGR, 25 | 432 << 6 | 1 << 22 | 9 << 24)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    assert not block.read_register(rcc.CR) & 1 << 25
    assert said == ["PLL does not lock: its source is the HSE, which is off."]
    block.write_register(rcc.CR, 0x83 | 1 << 24 | 1 << 16)
    assert block.read_register(rcc.CR) & 1 << 25
    block.write_register(rcc.CR, 0x83)
    block.write_register(rcc.PLLCFGR, 1 | 216 << 6 | 9 << 24)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    assert not block.read_register(rcc.CR) & 1 << 25
    assert said[1].startswith("PLL does not lock: M is 1")


def test_the_system_clock_switches_when_what_was_asked_for_becomes_ready():
    block = Rcc(CHIP)
    block.write_register(rcc.CFGR, 1)
    assert block.read_register(rcc.CFGR) & 0xC == 0
    block.write_register(rcc.CR, 0x83 | 1 << 16)
    assert block.read_register(rcc.CFGR) & 0xC == 4
    assert block.clocks.sysclk_hz == 25_000_000


@pytest.mark.parametrize(
    ("enable", "offset", "name"), [(26, rcc.PLLI2SCFGR, "PLLI2S"), (28, rcc.PLLSAICFGR, "PLLSAI")]
)
def test_the_other_plls_have_ready_flags_and_keep_their_settings_while_on(enable, offset, name):
    said = []
    block = Rcc(CHIP, complain=said.append)
    block.write_register(rcc.CR, 0x83 | 1 << enable)
    assert block.read_register(rcc.CR) & 1 << enable + 1
    assert said == []
    block.write_register(offset, 0x2400_3040)
    assert block.read_register(offset) == 0x2400_3000
    assert said == [f"{name} is on, so RCC_{name}CFGR keeps its settings."]


def test_the_48_mhz_clock_comes_from_either_pll():
    block = Rcc(CHIP)
    assert block.pll48_hz == 0
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6 | 9 << 24)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    assert block.pll48_hz == 48_000_000
    block.write_register(rcc.DCKCFGR2, 1 << 27)
    assert block.pll48_hz == 0
    block.write_register(rcc.PLLSAICFGR, 2 << 28 | 4 << 24 | 3 << 16 | 192 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24 | 1 << 28)
    assert block.pll48_hz == 2_000_000 * 192 // 8


def test_the_backup_domain_is_protected_survives_reset_and_is_lost_with_the_power():
    said, writable = [], [False]
    block = Rcc(CHIP, complain=said.append, backup_writable=lambda: writable[0])
    block.write_register(rcc.BDCR, 1)
    assert block.read_register(rcc.BDCR) == 0
    assert said == ["RCC_BDCR is protected and does not change: DBP in PWR_CR1 is not set."]
    writable[0] = True
    block.write_register(rcc.BDCR, 0x101)
    assert block.read_register(rcc.BDCR) == 0x103
    block.reset()
    assert block.read_register(rcc.BDCR) == 0x103
    block.write_register(rcc.BDCR, 1 << 16)
    assert block.read_register(rcc.BDCR) == 1 << 16
    block.write_register(rcc.BDCR, 1)
    block.lose_backup()
    assert block.read_register(rcc.BDCR) == 0


def test_the_lse_goes_on_through_a_reset_but_not_without_power(bench):
    source = """
    int main(void)
    {
        seen[0] = REG(0x40023870u);
        REG(RCC_APB1ENR) |= 1u << 28; (void)REG(RCC_APB1ENR);
        REG(PWR_CR1) |= 1u << 8; REG(0x40023870u) = 1u;
        while (!(REG(0x40023870u) & 2u)) { }
        if (!seen[0]) { REG(SCB_AIRCR) = 0x05FA0004u; for (;;) { } }
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(0) == 3
    board.board.switch_power(False)
    board.board.switch_power(True)
    board.board.run(max_cycles=200)
    assert board.seen(0) == 0


def test_a_block_that_is_reset_has_its_reset_values_and_ignores_writes_until_it_is_let_go(bench):
    source = """
    #define RSTR 0x40023810u
    int main(void)
    {
        REG(RCC_AHB1ENR) |= 4u; (void)REG(RCC_AHB1ENR);
        REG(GPIOC) = 5; REG(RSTR) |= 4u; seen[0] = REG(GPIOC);
        __asm volatile("ldr r0, =0x40020800\\n movs r1, #7\\n"
                       ".global bad\\n bad: str r1, [r0]" ::: "r0", "r1");
        seen[1] = REG(GPIOC); REG(RSTR) &= ~4u; REG(GPIOC) = 9; seen[2] = REG(GPIOC);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(3)] == [0, 0, 9]
    [finding] = board.board.findings
    bad = board.board.symbol("bad") & ~1
    assert finding.kind is FindingKind.HELD_IN_RESET
    assert str(finding) == (
        f"GPIOC ignores the write at 0x40020800 (instruction at {bad:#010x}): RCC holds it in reset."
    )
