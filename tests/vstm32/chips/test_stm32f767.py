"""What makes the STM32F767 another chip, as its firmware, its debugger and its board see it."""

import math
import struct
from pathlib import Path

import pytest

from vstm32 import Board, BoardOptions, VirtualBoardError, load_elf
from vstm32.board.firmware import require_fit
from vstm32.chips import find_chip
from vstm32.chips.stm32f767 import CHIP
from vstm32.cortex_m.clock import VirtualClock
from vstm32.cortex_m.core import Core
from vstm32.stm32 import flash
from vstm32.stm32.clock_tree import Clocks
from vstm32.stm32.flash import FlashInterface

NAME = CHIP.name
KB = 1024
SER, STRT, ERSERR, MER1, MER2 = 1 << 1, 1 << 16, 1 << 7, 1 << 2, 1 << 15
EMPTY = "int main(void) { return 0; }"
DOUBLE = "-mfpu=fpv5-d16"


def test_its_registers_say_what_it_is(bench):
    addresses = {
        0xE004_2000: 0x1001_F451,  # DBGMCU_IDCODE, with the mark of virtual chips
        0xE000_ED00: 0x411F_C270,  # CPUID: Cortex-M7 r1p0
        0xE000_EF40: 0x1011_0221,  # MVFR0: single and double precision
        0xE000_EF44: 0x1200_0011,  # MVFR1
        0xE000_ED90: 8 << 8,  # MPU_TYPE
        0xE000_E004: 3,  # ICTR: up to 128 interrupts
        0xE000_ED80: 0xF00F_E019,  # CCSIDR: 16 KB of data cache, 4 ways
        0x4002_3C14: 0xFFFF_AAFD,  # FLASH_OPTCR: one bank
    }
    source = "int main(void) {" + "".join(
        f"seen[{index}] = REG({address:#x}u);" for index, address in enumerate(addresses)
    )
    board = bench(source + "seen[20] = REG(0x1FF0F440u) >> 16; seen[63] = 1; return 0; }", chip=NAME).run()
    assert [board.seen(index) for index in range(len(addresses))] == list(addresses.values())
    assert board.seen(20) == 2048


def test_it_computes_in_double_precision(bench):
    source = """
    volatile double one = 1.0 / 3.0, other = 2.718281828459045;
    int main(void)
    {
        union { double value; uint32_t words[2]; } sum = { one * other + __builtin_sqrt(other) };
        seen[0] = sum.words[0]; seen[1] = sum.words[1]; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, DOUBLE, "-ffp-contract=off", "-fno-math-errno", chip=NAME).run()
    (value,) = struct.unpack("<d", struct.pack("<2I", board.seen(0), board.seen(1)))
    assert value == 1.0 / 3.0 * 2.718281828459045 + math.sqrt(2.718281828459045)
    assert board.board.findings == ()


def test_the_same_firmware_is_an_undefined_instruction_on_a_chip_without_it(bench):
    source = """
    volatile double one = 1.5;
    void hard_fault_handler(void) { seen[0] = REG(SCB_CFSR); seen[63] = 1; for (;;) { } }
    int main(void) { one = one * one; seen[63] = 1; return 0; }
    """
    undefined = 1 << 16  # UNDEFINSTR, Arm v7-M ARM section B3.2.15
    assert bench(source, DOUBLE).run().seen(0) == undefined


def test_an_interrupt_may_use_the_registers_that_it_interrupts_in_double_precision(bench):
    source = """
    volatile double product = 1.0, half = 0.5;
    volatile uint32_t ticks;
    void systick_handler(void) { product = product * half; ticks++; }
    int main(void)
    {
        REG(SYST_RVR) = 997; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        double sum = 0;
        for (int index = 0; index < 20000; index++) sum += half * (double)index;
        union { double value; uint32_t words[2]; } result = { sum };
        seen[0] = result.words[0]; seen[1] = result.words[1]; seen[2] = ticks; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, DOUBLE, chip=NAME).run()
    (value,) = struct.unpack("<d", struct.pack("<2I", board.seen(0), board.seen(1)))
    assert value == sum(0.5 * index for index in range(20_000))
    assert board.seen(2) > 20


def test_its_last_interrupt_is_109(bench):
    source = """
    int main(void)
    {
        for (int word = 0; word < 4; word++) { REG(NVIC_ISER + 4 * word) = 0xFFFFFFFFu; }
        seen[0] = REG(NVIC_ISER + 12); seen[63] = 1;
        return 0;
    }
    """
    assert bench(source, chip=NAME).run().seen(0) == (1 << 110 - 96) - 1


def test_its_clock_comes_from_the_8_mhz_of_the_boards_debugger(bench):
    source = """
    int main(void)
    {
        REG(RCC_CR) |= 1u << 18 | 1u << 16;          /* HSEBYP, HSEON */
        REG(RCC_PLLCFGR) = 4 | 216 << 6 | 1u << 22 | 9u << 24;
        REG(RCC_CR) |= 1u << 24;
        REG(FLASH_ACR) = 0x307;
        REG(RCC_CFGR) = 5u << 10 | 4u << 13 | 2;
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, chip=NAME).run()
    assert board.board.clocks == Clocks(216_000_000, 216_000_000, 54_000_000, 108_000_000)


def test_its_serial_port_is_usart3_on_pd8(bench):
    source = """
    int main(void)
    {
        REG(RCC_AHB1ENR) |= 1u << 3; REG(RCC_APB1ENR) |= 1u << 18;
        REG(0x40020C00u) = 2u << 16 | 2u << 18; REG(0x40020C24u) = 0x77;
        REG(0x4000480Cu) = 16000000 / 115200; REG(0x40004800u) = 1u << 3 | 1;
        for (const char *text = "hello\\n"; *text; text++) {
            while (!(REG(0x4000481Cu) & 1u << 7)) { }
            REG(0x40004828u) = *text;
        }
        while (!(REG(0x4000481Cu) & 1u << 6)) { }
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, chip=NAME).run()
    assert board.board.options.serial_port == "USART3"
    assert board.board.line().read() == b"hello\n"
    assert board.board.findings == ()


def test_a_firmware_that_is_too_large_for_another_chip_fits(compile_firmware):
    source = '__attribute__((section(".far"))) const int far[4] = {1}; int main(void) { return far[0]; }'
    firmware = load_elf(compile_firmware(source, "-Wl,--section-start=.far=0x081ffff0"))
    require_fit(firmware, CHIP)
    with pytest.raises(VirtualBoardError) as caught:
        require_fit(firmware, find_chip("stm32f746ng"))
    assert "outside of the memory of the STM32F746NG" in caught.value.message


def test_all_of_its_ram_can_be_used_and_nothing_is_behind_it(bench):
    source = "int main(void) { REG(0x2007FFFCu) = 7; seen[0] = REG(0x2007FFFCu); seen[63] = 1; return 0; }"
    board = bench(source, chip=NAME).run()
    assert board.seen(0) == 7
    with pytest.raises(VirtualBoardError):
        board.board.read_memory(0x2008_0000, 4)


def test_what_its_flash_file_holds_is_2_mib(tmp_path: Path):
    path = tmp_path / "flash.bin"
    with Board(options=BoardOptions(chip=NAME, flash=path)):
        assert path.stat().st_size == 2048 * KB
    with pytest.raises(VirtualBoardError) as caught:
        Board(options=BoardOptions(flash=path))
    assert "has 2097152 bytes and not the 1048576 of the flash of an STM32F746NG" in caught.value.message


# --- its flash, in one bank and in two


def controller(banks: int) -> FlashInterface:
    core = Core(CHIP)
    layout = BoardOptions(chip=NAME, flash_banks=banks).flash_layout
    block = FlashInterface(
        core,
        VirtualClock(core),
        layout,
        core_clock_hz=lambda: 16_000_000,
        interrupt=lambda _level: None,
        report=lambda _finding: None,
    )
    for key in flash.KEYS:
        block.write_register(flash.KEYR, key)
    block.load(bytes(2048 * KB))
    return block


def erased(block: FlashInterface, command: int) -> tuple[int, int]:
    """Where what is erased begins, and how many bytes that are."""
    block.write_register(flash.CR, command)
    block.write_register(flash.CR, command | STRT)
    contents = block.contents()
    return contents.find(0xFF), contents.count(0xFF)


@pytest.mark.parametrize(
    ("banks", "number", "start", "size"),
    [
        *[(1, 0, 0, 32), (1, 3, 96, 32), (1, 4, 128, 128), (1, 5, 256, 256), (1, 11, 1792, 256)],
        *[(2, 0, 0, 16), (2, 4, 64, 64), (2, 5, 128, 128), (2, 11, 896, 128)],
        *[(2, 16, 1024, 16), (2, 20, 1088, 64), (2, 27, 1920, 128)],
    ],
)
def test_sectors_are_those_of_the_layout(banks: int, number: int, start: int, size: int):
    assert erased(controller(banks), SER | number << 3) == (start * KB, size * KB)


@pytest.mark.parametrize(("banks", "number"), [(1, 12), (1, 16), (2, 12), (2, 28)])
def test_a_sector_that_the_layout_has_not_is_an_error(banks: int, number: int):
    block = controller(banks)
    assert erased(block, SER | number << 3) == (-1, 0)
    assert block.read_register(flash.SR) & ERSERR


@pytest.mark.parametrize(
    ("banks", "command", "start", "size"),
    [(1, MER1, 0, 2048), (2, MER1, 0, 1024), (2, MER2, 1024, 1024), (2, MER1 | MER2, 0, 2048)],
)
def test_a_mass_erase_takes_the_banks_that_are_named(banks: int, command: int, start: int, size: int):
    assert erased(controller(banks), command) == (start * KB, size * KB)


def test_the_option_byte_says_how_many_banks_there_are():
    assert [bool(controller(banks).read_register(flash.OPTCR) & 1 << 29) for banks in (1, 2)] == [True, False]
