"""A survey lists what is missing, and changes nothing of what is there."""

import pytest

from vstm32.base.findings import FindingKind
from vstm32.stm32.unmodelled import register_name, reset_value

SOURCE = """
__attribute__((noinline)) void nor(void)
{ REG(0xA0000000u) = 0x1000u; seen[0] = REG(0xA0000000u); seen[1] = REG(0xA0000084u); __asm volatile(""); }
int main(void)
{
    seen[2] = REG(0x40001C2Cu);
    seen[3] = REG(0x40003808u); seen[4] = REG8(0x40003805u);
    REG(0x40000400u) = 1; seen[5] = REG(0x4000042Cu); seen[6] = REG(0x4000042Cu);
    seen[7] = REG(0x50050000u); seen[8] = REG(0x50000010u);
    nor();
    seen[63] = 1;
    return 0;
}
"""


def test_what_is_not_modelled_reads_as_after_reset_and_is_listed(bench):
    board = bench(SOURCE, survey=True).run()
    assert [board.seen(index) for index in range(9)] == [
        0x30DB, 0x40, 0xFFFF, 0x2, 0x7, 0xFFFF, 0xFFFF, 0, 0x8000_0000,
    ]  # fmt: skip
    found = {(each.block, each.register): (each.reads, each.writes) for each in board.board.surveyed}
    assert found == {
        ("TIM13", "ARR"): (1, 0),
        ("SPI2", "CR2"): (1, 0),
        ("SPI2", "SR"): (1, 0),
        ("TIM3", "CR1"): (0, 1),
        ("TIM3", "ARR"): (2, 0),
        ("DCMI", "CR"): (1, 0),
        ("USB OTG FS", "GRSTCTL"): (1, 0),
        ("FMC control registers", "BCR1"): (1, 1),
        ("FMC control registers", "SR"): (1, 0),
    }
    (first, second) = next(each for each in board.board.surveyed if each.register == "BCR1").callers
    assert board.board.place(first).startswith("nor+0x")
    assert board.board.place(second).startswith("nor+0x")
    assert board.board.findings == ()


def test_without_a_survey_they_are_faults_and_nothing_is_listed(bench):
    board = bench(SOURCE).board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    assert board.fault.kind is FindingKind.BUS_FAULT
    assert board.surveyed == ()


def test_what_is_modelled_is_as_before_and_memory_that_is_not_there_stays_a_fault(bench):
    source = """
    int main(void)
    {
        clock_216(); serial_on(938); put_text("as before\\n");
        seen[0] = REG(GPIOC); REG(0xC0000000u) = 1; return 0;
    }
    """
    board = bench(source, survey=True).board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    assert board.line().read() == b"as before\n"
    assert board.fault.block == "SDRAM"
    assert board.surveyed == ()


def test_a_debuggers_look_is_no_access_of_the_firmware(bench):
    from vstm32.debug.board_bus import BoardBus

    board = bench("int main(void) { return 0; }", survey=True).board
    bus = BoardBus(board)
    assert bus.read(0x4000_3808, 4) == 2
    bus.write(0x4000_3808, 4, 1)
    assert board.surveyed == ()


@pytest.mark.parametrize(
    ("block", "offset", "name", "reset"),
    [
        ("TIM3", 0x2C, "ARR", 0xFFFF),
        ("TIM3", 0x5C, "CCR6", 0),
        ("DMA2D", 0x4C, "AMTCR", 0),
        ("LTDC", 0x18, "GCR", 0x2220),
        ("LTDC", 0xC4, "L1CLUTWR", 0),
        ("LTDC", 0x104, "L2CR", 0),
        ("LTDC", 0x120, "L2BFCR", 0x607),
        ("SDMMC1", 0x34, "STA", 0),
        ("SDMMC1", 0x80, "FIFO", 0),
        ("CAN1", 0x180, "TI0R", 0),
        ("FMC control registers", 0x140, "SDCR1", 0x2D0),
        ("FMC control registers", 0x158, "SDSR", 0),
        ("FMC control registers", 0x104, "BWTR1", 0x0FFF_FFFF),
        ("Ethernet MAC", 0x1018, "DMAOMR", 0),
        ("DCMI", 0x28, "DR", 0),
        ("HDMI-CEC", 0x14, "+0x14", 0),
    ],
)
def test_registers_have_the_names_and_values_of_the_manual(block, offset, name, reset):
    assert (register_name(block, offset), reset_value(block, offset)) == (name, reset)
