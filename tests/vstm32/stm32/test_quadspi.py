"""QUADSPI with the serial flash of the board, as firmware sees them, and the flash alone."""

import pytest

from vstm32.base.errors import VirtualBoardError
from vstm32.base.findings import FindingKind
from vstm32.chips import find_chip
from vstm32.stm32 import n25q
from vstm32.stm32.n25q import N25q
from vstm32.stm32.serial_flash import Transfer

PART = find_chip("stm32f746ng").kit.serial_flash
HZ = 16_000_000

USE = """
#include "quadspi.h"
int main(void) {
    quadspi_on();
    seen[0] = read_bytes(0x9F, 4);
    seen[1] = read_bytes(0x05, 1);
    erase(0x20, 0x1000);
    seen[2] = read_bytes(0x05, 1);
    until_ready();
    seen[3] = read_bytes(0x05, 1);
    program(0x1000, 0x11223344);
    program(0xFFFFFC, 0xCAFEF00D);
    QCCR = MAPPED_QUAD;
    seen[4] = REG(MAPPED + 0x1000);
    seen[5] = REG(MAPPED + 0xFFFFFC);
    seen[6] = REG(MAPPED + 0x1002) & 0xFFFF;
    seen[7] = QSR & QBUSY;
    QCCR = 0; /* is busy */
    QCR |= 2;
    done();
    seen[8] = QSR & QBUSY;
    instruct(0x06);
    seen[9] = read_bytes(0x05, 1);
    seen[63] = 1;
    for (;;) {}
}
"""


def test_firmware_erases_programs_and_reads_it_at_its_addresses(bench, tmp_path):
    ran = bench(USE, external_flash=tmp_path / "flash.bin").run()
    assert ran.seen(0) == 0x1018_BA20
    assert [ran.seen(index) for index in (1, 2, 3, 9)] == [0, n25q.WIP, 0, n25q.WEL]
    assert [ran.seen(index) for index in (4, 5, 6)] == [0x1122_3344, 0xCAFE_F00D, 0x1122]
    assert (ran.seen(7), ran.seen(8)) == (0x20, 0)
    assert [finding.sentence.split(" (")[0] for finding in ran.board.findings] == [
        "QUADSPI_CCR is written while QUADSPI is busy, and keeps its value"
    ]
    # An erase takes its time.
    assert ran.board.cycles > n25q.ERASE_SUBSECTOR_S * HZ
    ran.board.close()
    kept = (tmp_path / "flash.bin").read_bytes()
    assert len(kept) == 16 * 2**20
    assert kept[0x1000:0x1005] == b"\x44\x33\x22\x11\xff"


READ = '#include "quadspi.h"\nint main(void) { %s seen[0] = REG(MAPPED); seen[63] = 1; for (;;) {} }'


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("", "the clock of QUADSPI is not enabled in RCC"),
        ("quadspi_on();", "QUADSPI is not in memory-mapped mode (FMODE in QUADSPI_CCR)"),
        (
            "quadspi_on(); REG(0x40020400u) = 0; QCCR = MAPPED_QUAD;",
            "PB2, PB6 not in alternate function 9 (GPIO MODER and AFR)",
        ),
        (
            "quadspi_on(); QCCR = MAPPED_QUAD - (2u << 18);",
            "instruction 0xeb has 10 dummy cycles, and QUADSPI_CCR 8",
        ),
        (
            "quadspi_on(); QCCR = MAPPED_QUAD - (2u << 24);",
            "instruction 0xeb goes as 1-4-4, and QUADSPI_CCR has 1-4-1",
        ),
        ("quadspi_on(); erase(0xD8, 0); QCCR = MAPPED_QUAD;", "it is erasing or programming"),
    ],
)
def test_what_is_not_set_up_is_a_bus_fault_that_says_what_is_missing(bench, before, why):
    board = bench(READ % before).board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    (sentence,) = [found.sentence for found in board.findings if found.kind is FindingKind.BUS_FAULT]
    assert sentence.endswith(f"reads 0x90000000 (serial flash, 4 bytes), which does not answer: {why}.")


def test_it_is_not_written_through_its_addresses(bench):
    board = bench(READ % "quadspi_on(); QCCR = MAPPED_QUAD; REG(MAPPED) = 1;").board
    board.run(until=lambda: board.fault is not None, timeout_seconds=60)
    assert board.fault.sentence.endswith(
        "writes 0x90000000 (serial flash, 4 bytes), which cannot be written by the core."
    )


def test_a_clock_that_the_part_does_not_stand_is_said(bench):
    ran = bench(READ % "clock_216(); quadspi_on(); QCCR = MAPPED_QUAD;", "-DPRESCALER=0u").run()
    assert ran.board.findings[-1].sentence.startswith(
        "QUADSPI runs at 216 MHz, and the N25Q128A does 108 MHz with instruction 0xeb"
    )


def test_code_runs_from_it(bench):
    source = """
#include "quadspi.h"
__attribute__((section(".outside"), noinline)) static uint32_t twice(uint32_t value) { return 2 * value; }
int main(void) {
    quadspi_on();
    QCCR = MAPPED_QUAD;
    seen[0] = twice(21);
    seen[63] = 1;
    for (;;) {}
}
"""
    ran = bench(source, "-Wl,--section-start=.outside=0x90000000").run()
    assert ran.seen(0) == 42


TIMED = """
#include "quadspi.h"
int main(void) {
    clock_216();
    quadspi_on();
    QCCR = MAPPED_QUAD;
    cycles_on();
    uint32_t start = REG(DWT_CYCCNT);
    (void)REG(MAPPED + 0x100);
    uint32_t jumped = REG(DWT_CYCCNT);
    (void)REG(MAPPED + 0x104);
    uint32_t went_on = REG(DWT_CYCCNT);
    seen[0] = jumped - start;
    seen[1] = went_on - jumped;
    seen[63] = 1;
    for (;;) {}
}
"""


def test_a_read_that_goes_on_needs_no_command(bench):
    """Without a cache, HCLK/2 and 1-4-4: what is before the data is 2 + 8 + 6 + 10 clocks of two cycles."""
    ran = bench(TIMED, timing="m7-cache-2").run()
    # The word that follows has been read ahead in part.
    assert ran.seen(0) - ran.seen(1) >= 2 * (2 + 8 + 6 + 10) - 1
    assert ran.seen(0) >= 2 * (2 + 8 + 6 + 10 + 4 * 2)


def test_a_board_without_one_takes_no_file_for_it(bench, tmp_path):
    with pytest.raises(VirtualBoardError) as caught:
        bench("int main(void) { return 0; }", chip="stm32f767zi", external_flash=tmp_path / "x")
    assert str(caught.value) == (
        "The NUCLEO-F767ZI has no serial flash.\n"
        "  Leave the file for its contents out, or take another board."
    )


class Alone:
    """The flash with its memory and time in the test's hands; a cycle is a microsecond."""

    def __init__(self):
        self.contents = memoryview(bytearray(b"\xff" * PART.size_bytes))
        self.cycle = 1
        self.said = []
        self.flash = N25q(
            PART,
            lambda: self.contents,
            now=lambda: self.cycle,
            clock_hz=lambda: 1_000_000,
            complain=self.said.append,
        )

    def write(self, instruction, address=0, data=b"", lines=(1, 1)):
        transfer = Transfer(
            instruction,
            address=address,
            address_lines=lines[0],
            address_bytes=3,
            data_lines=lines[1] if data else 0,
        )
        self.flash.write(transfer, data)

    def change(self, *what, **how):
        self.write(n25q.WRITE_ENABLE)
        self.write(*what, **how)
        self.cycle = max(self.cycle, self.flash.ready_at)


def test_without_write_enable_nothing_changes():
    alone = Alone()
    alone.write(0x02, 0, b"\0")
    assert alone.contents[0] == 0xFF
    assert alone.said == ["instruction 0x02 comes without WRITE ENABLE (0x06): nothing happens."]


def test_a_bit_goes_from_one_to_zero_alone_and_an_erase_sets_its_part():
    alone = Alone()
    alone.change(0x02, 0x1_0000, b"\x0f\xf0")
    alone.change(0x02, 0x1_0000, b"\xfc\x00")
    alone.change(0x02, 0x2_0000, b"\x00")
    assert bytes(alone.contents[0x1_0000:0x1_0003]) == b"\x0c\x00\xff"
    alone.change(n25q.ERASE_SECTOR, 0x1_FFFF)
    assert (alone.contents[0x1_0000], alone.contents[0x2_0000]) == (0xFF, 0)
    assert alone.said == []


def test_what_goes_beyond_a_page_goes_to_its_beginning():
    alone = Alone()
    alone.change(0x02, 0x1FE, b"\x01\x02\x03\x04")
    assert bytes(alone.contents[0x1FE:0x201]) == b"\x01\x02\xff"
    assert bytes(alone.contents[0x100:0x102]) == b"\x03\x04"
    assert alone.said == ["4 bytes at 0x0001fe go beyond their page of 256 bytes, to its beginning."]


def test_while_it_programs_it_takes_nothing_and_reads_nothing():
    alone = Alone()
    alone.write(n25q.WRITE_ENABLE)
    alone.write(0x02, 0, b"\0")
    alone.write(n25q.WRITE_ENABLE)
    read = Transfer(0x03, address_lines=1, address_bytes=3, data_lines=1)
    assert alone.flash.why_not_readable(read) == "it is erasing or programming"
    alone.cycle += round(n25q.PROGRAM_S * 1e6)
    assert alone.flash.read(read, 0, 2) == b"\x00\xff"
    assert alone.said == ["instruction 0x06 comes while the N25Q128A is erasing or programming."]


def test_dummy_cycles_are_those_of_its_volatile_register_until_a_reset():
    alone = Alone()
    alone.change(n25q.WRITE_VOLATILE, 0, b"\x6b", lines=(0, 1))
    read = Transfer(0xEB, address_lines=4, address_bytes=3, dummy_cycles=6, data_lines=4)
    assert alone.flash.why_not_readable(read) == ""
    alone.write(n25q.RESET_ENABLE)
    alone.write(n25q.RESET)
    assert alone.flash.why_not_readable(read) == "instruction 0xeb has 10 dummy cycles, and QUADSPI_CCR 6"
