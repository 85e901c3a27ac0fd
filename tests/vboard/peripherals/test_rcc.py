import pytest

from mcumatrix.vboard.clock_tree import Clocks
from mcumatrix.vboard.peripherals import rcc
from mcumatrix.vboard.peripherals.rcc import Rcc


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
    block = Rcc()
    assert block.read_register(rcc.CR) & (1 << 17 | 1 << 25) == 0
    block.write_register(rcc.CR, 0x83 | 1 << 16 | 1 << 24)
    assert block.read_register(rcc.CR) & (1 << 17 | 1 << 25) == 1 << 17 | 1 << 25
    block.write_register(rcc.CR, 0x83)
    assert block.read_register(rcc.CR) & (1 << 17 | 1 << 25) == 0


def test_switching_to_a_source_that_is_not_ready_keeps_the_old_one():
    block = Rcc()
    block.write_register(rcc.CFGR, 2)
    assert block.read_register(rcc.CFGR) == 2
    assert block.clocks.sysclk_hz == 16_000_000


def test_the_source_in_use_cannot_be_switched_off():
    block = Rcc()
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    block.write_register(rcc.CFGR, 2)
    block.write_register(rcc.CR, 0)
    assert block.clocks.sysclk_hz == 216_000_000
    assert block.read_register(rcc.CR) & (1 << 24 | 1) == 1 << 24 | 1


def test_a_running_pll_keeps_its_settings():
    block = Rcc()
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    block.write_register(rcc.PLLCFGR, 8 | 288 << 6)
    assert block.read_register(rcc.PLLCFGR) == 8 | 216 << 6


@pytest.mark.parametrize(("field", "hz"), [(0, 108), (1, 216_000_000), (2, 16_000_000), (3, 32_768)])
def test_a_usart_takes_its_clock_from_where_dckcfgr2_says(field, hz):
    block = Rcc()
    block.write_register(rcc.PLLCFGR, 8 | 216 << 6)
    block.write_register(rcc.CR, 0x83 | 1 << 24)
    block.write_register(rcc.CFGR, 2)
    block.write_register(rcc.BDCR, 1)
    block.write_register(rcc.DCKCFGR2, field << 10)
    assert block.baud_clock_hz(10, 108) == hz


def test_reset_flags_are_removed_on_request():
    block = Rcc()
    assert block.read_register(rcc.CSR) == 0x0E00_0000
    block.write_register(rcc.CSR, 1 << 24)
    assert block.read_register(rcc.CSR) == 0
