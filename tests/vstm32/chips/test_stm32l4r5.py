"""What makes the STM32L4R5 another chip than an STM32F7, as its firmware and its board see it."""

import math
import struct

import pytest

from vstm32 import BoardOptions, VirtualBoardError
from vstm32.base.findings import FindingKind
from vstm32.chips.stm32l4r5 import CHIP
from vstm32.cortex_m.clock import VirtualClock
from vstm32.cortex_m.core import Core
from vstm32.stm32 import l4_flash as flash
from vstm32.stm32.clock_tree import Clocks
from vstm32.stm32.flash import EOP, KEYS, LOCK, PG, PGAERR, STRT, FlashFaults
from vstm32.stm32.l4_flash import PER, PGSERR, PROGERR, SIZERR, L4FlashInterface
from vstm32.stm32.l4_rcc import L4Rcc

NAME = CHIP.name
KB, MHZ = 1024, 1_000_000
M4 = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16")
MER1, MER2 = 1 << 2, 1 << 15
FLASH = 0x0800_0000

TO_120_MHZ = """
#define RCC 0x40021000u
static void to_120_mhz(void)
{
    REG(RCC + 0x58) |= 1u << 28; (void)REG(RCC + 0x58);   /* PWR */
    REG(RCC) |= 1u << 8; while (!(REG(RCC) & 1u << 10)) { }  /* HSI16 */
    REG(RCC + 0x0C) = 2 | 3u << 4 | 60u << 8 | 1u << 24;  /* 16 MHz / 4 * 60 / 2 */
    REG(RCC) |= 1u << 24; while (!(REG(RCC) & 1u << 25)) { }
    REG(0x40022000u) = 0x705;
    BOOST
    REG(RCC + 0x08) = 3; while ((REG(RCC + 0x08) & 0xC) != 0xC) { }
}
"""


def test_its_registers_say_what_it_is(bench):
    addresses = {
        0xE004_2000: 0x101F_F470,  # DBGMCU_IDCODE, with the mark of virtual chips
        0xE000_ED00: 0x410F_C241,  # CPUID: Cortex-M4 r0p1
        0xE000_EF40: 0x1011_0021,  # MVFR0: single precision
        0xE000_ED08: 0,  # VTOR: flash is seen at 0 too
        0xE000_ED78: 0,  # CLIDR: no caches
        0xE000_ED90: 8 << 8,  # MPU_TYPE
        0xE000_E004: 2,  # ICTR: up to 96 interrupts
        0x4002_2000: 0x600,  # FLASH_ACR: both caches are on
        0x4002_2020: 0xFFEF_F8AA,  # FLASH_OPTR: two banks
    }
    source = "int main(void) {" + "".join(
        f"seen[{index}] = REG({address:#x}u);"
        for index, address in enumerate(addresses)
        if address != 0xE000_ED08
    )
    board = bench(source + "seen[20] = REG(0x1FFF75E0u) & 0xFFFF; seen[63] = 1; return 0; }", *M4, chip=NAME)
    assert board.board.system.scb.values[0x08] == 0
    board.run()
    expected = [value for address, value in addresses.items() if address != 0xE000_ED08]
    seen = [board.seen(index) for index, address in enumerate(addresses) if address != 0xE000_ED08]
    assert seen == expected
    assert board.seen(20) == 2048
    assert board.board.findings == ()


def test_a_register_of_the_cortex_m7s_caches_is_a_fault(bench):
    source = """
    void hard_fault_handler(void) { seen[0] = REG(SCB_CFSR); seen[63] = 1; for (;;) { } }
    int main(void) { REG(0xE000EF50u) = 0; seen[63] = 2; return 0; }
    """
    board = bench(source, *M4, chip=NAME).run()
    assert board.seen(63) == 1
    assert board.seen(0) & 0x8200


def test_it_computes_in_single_precision_and_has_no_double(bench):
    source = """
    volatile float one = 1.5f, other = 2.25f;
    int main(void)
    {
        union { float value; uint32_t word; } result = { __builtin_sqrtf(one * other) };
        seen[0] = result.word; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, *M4, "-fno-math-errno", chip=NAME).run()
    (value,) = struct.unpack("<f", struct.pack("<I", board.seen(0)))
    assert value == pytest.approx(math.sqrt(1.5 * 2.25), rel=1e-6)


def test_vmaxnm_of_the_cortex_m7_is_an_undefined_instruction(bench):
    source = """
    void hard_fault_handler(void) { seen[0] = REG(SCB_CFSR); seen[63] = 1; for (;;) { } }
    int main(void) { __asm volatile(".inst.w 0xFE800A00"); seen[63] = 2; return 0; }
    """
    undefined = 1 << 16  # UNDEFINSTR, Arm v7-M ARM section B3.2.15
    assert bench(source, *M4, chip=NAME).run().seen(0) == undefined


def test_it_starts_with_the_msi_at_4_mhz_and_goes_to_120_mhz_with_boost(bench):
    boost = "REG(0x40007080u) &= ~(1u << 8);"
    source = TO_120_MHZ.replace("BOOST", boost) + "int main(void) { to_120_mhz(); seen[63] = 1; return 0; }"
    board = bench(source, *M4, chip=NAME)
    assert board.board.clocks == Clocks(*[4 * MHZ] * 4)
    board.run()
    assert board.board.clocks == Clocks(*[120 * MHZ] * 4)
    assert board.board.findings == ()


def test_120_mhz_without_boost_is_a_finding(bench):
    source = TO_120_MHZ.replace("BOOST", "") + "int main(void) { to_120_mhz(); seen[63] = 1; return 0; }"
    board = bench(source, *M4, chip=NAME).run()
    said = [finding.message for finding in board.board.findings if finding.kind is FindingKind.CLOCK]
    assert any(
        "The core runs at 120 MHz, and voltage range 1 without boost allows 80 MHz (PWR_CR1 and PWR_CR5)"
        in one
        for one in said
    )


def hello(supply: str) -> str:
    """Sends a line from LPUART1 on PG7 at 4 MHz."""
    return f"""
    int main(void)
    {{
        REG(0x40021058u) |= 1u << 28; {supply}
        REG(0x4002104Cu) |= 1u << 6; REG(0x4002105Cu) |= 1u;
        REG(0x48001800u) = (REG(0x48001800u) & ~(0xFu << 14)) | 0xAu << 14;
        REG(0x48001820u) = 8u << 28; REG(0x48001824u) = 8u;
        REG(0x4000800Cu) = (256ull * 4000000 + 57600) / 115200; REG(0x40008000u) = 1u << 3 | 1;
        for (const char *text = "hello\\n"; *text; text++) {{
            while (!(REG(0x4000801Cu) & 1u << 7)) {{ }}
            REG(0x40008028u) = *text;
        }}
        while (!(REG(0x4000801Cu) & 1u << 6)) {{ }}
        seen[63] = 1;
        return 0;
    }}
    """


def test_its_serial_port_is_lpuart1_on_pg7(bench):
    board = bench(hello("REG(0x40007004u) = 1u << 9;"), *M4, chip=NAME).run()
    assert board.board.options.serial_port == "LPUART1"
    assert board.board.line().read() == b"hello\n"
    assert board.board.findings == ()


def test_a_pin_of_port_g_without_its_supply_reaches_nobody(bench):
    board = bench(hello(""), *M4, chip=NAME).run()
    assert board.board.line().read() == b""
    [finding] = board.board.findings
    assert "PG7 has no supply, for IOSV in PWR_CR2 is not set" in finding.message


def test_all_of_its_ram_follows_each_other_and_sram2_has_another_place(bench):
    source = """
    int main(void)
    {
        REG(0x2003FFFCu) = 7; REG(0x2009FFFCu) = 9; REG(0x10000000u) = 11;
        seen[0] = REG(0x1000FFFCu); seen[1] = REG(0x20030000u); seen[2] = REG(0x2009FFFCu);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, *M4, chip=NAME, timing="m4-1").run()
    assert [board.seen(index) for index in range(3)] == [7, 11, 9]
    with pytest.raises(VirtualBoardError):
        board.board.read_memory(0x200A_0000, 4)


def test_its_timing_model_is_that_of_its_core():
    assert BoardOptions(chip=NAME).timing_model == "m4-1"
    assert BoardOptions().timing_model == "m7-block-1"
    with pytest.raises(VirtualBoardError) as caught:
        BoardOptions(chip=NAME, timing="m7-block-1")
    assert str(caught.value) == (
        "The timing model m7-block-1 is not for the STM32L4R5ZI.\n  For it there is instructions and m4-1."
    )


# --- its clocks


def rcc() -> L4Rcc:
    return L4Rcc(CHIP)


def test_the_msi_has_the_range_that_is_chosen():
    block = rcc()
    block.write_register(0x00, block.values[0x00] & ~0xF0 | 11 << 4)
    assert block.clocks.sysclk_hz == 4 * MHZ
    block.write_register(0x00, block.values[0x00] | 1 << 3)
    assert block.clocks.sysclk_hz == 48 * MHZ


@pytest.mark.parametrize(
    ("pllcfgr", "sentence"),
    [
        (2 | 3 << 4 | 7 << 8 | 1 << 24, "PLL does not lock: N is 7, and it can be 8 to 127."),
        (
            2 | 7 << 4 | 60 << 8 | 1 << 24,
            "The VCO of PLL gets 2 MHz, and it wants 2.66 MHz to 16 MHz: look at M.",
        ),
        (
            2 | 3 << 4 | 100 << 8 | 1 << 24,
            "The VCO of PLL runs at 400 MHz, and it can do 64 MHz to 344 MHz: look at N.",
        ),
        (0 | 60 << 8 | 1 << 24, "PLL does not lock: its source in RCC_PLLCFGR is off, or there is none."),
    ],
)
def test_a_pll_that_cannot_be_is_said(pllcfgr: int, sentence: str):
    said: list[str] = []
    block = L4Rcc(CHIP, complain=said.append)
    block.write_register(0x00, block.values[0x00] | 1 << 8)
    block.write_register(0x0C, pllcfgr)
    block.write_register(0x00, block.values[0x00] | 1 << 24)
    assert said == [sentence]


# --- its flash


def controller(banks: int = 2) -> L4FlashInterface:
    core = Core(CHIP)
    block = L4FlashInterface(
        core,
        VirtualClock(core),
        BoardOptions(chip=NAME, flash_banks=banks).flash_layout,
        core_clock_hz=lambda: 4 * MHZ,
        interrupt=lambda _level: None,
        report=lambda _finding: None,
    )
    for key in KEYS:
        block.write_register(flash.KEYR, key)
    return block


def status(block: L4FlashInterface) -> int:
    """SR once what is under way is over."""
    block.read_register(flash.SR)
    return block.read_register(flash.SR)


@pytest.mark.parametrize(
    ("banks", "command", "start", "size"),
    [
        (2, PER, 0, 4),
        (2, PER | 255 << 3, 1020, 4),
        (2, PER | 256 << 3, 1024, 4),  # BKER stands above PNB
        (2, PER | 511 << 3, 2044, 4),
        (1, PER | 255 << 3, 2040, 8),
        (2, MER1, 0, 1024),
        (2, MER2, 1024, 1024),
        (2, MER1 | MER2, 0, 2048),
        (1, MER1 | MER2, 0, 2048),
    ],
)
def test_what_is_erased_is_a_page_or_a_bank(banks: int, command: int, start: int, size: int):
    block = controller(banks)
    block.load(bytes(2048 * KB))
    block.write_register(flash.CR, command)
    block.write_register(flash.CR, command | STRT)
    contents = block.contents()
    assert (contents.find(0xFF), contents.count(0xFF)) == (start * KB, size * KB)
    assert status(block) == 0


def test_two_words_make_a_double_word():
    block = controller()
    block.write_register(flash.CR, PG)
    block.program(FLASH + 8, bytes(range(8)), 4)
    assert block.contents()[8:16] == bytes(range(8))
    assert status(block) == 0
    block.program(FLASH + 16, bytes(range(16)), 8)
    assert block.contents()[16:32] == bytes(range(16))


def test_one_word_alone_changes_nothing():
    block = controller()
    block.write_register(flash.CR, PG)
    block.program(FLASH, b"\1\2\3\4", 4)
    block.write_register(flash.CR, 0)
    block.write_register(flash.CR, PG)
    block.program(FLASH + 8, bytes(range(8)), 4)
    assert block.contents()[:16] == b"\xff" * 8 + bytes(range(8))
    assert status(block) == 0


@pytest.mark.parametrize(
    ("control", "before", "address", "data", "flags"),
    [
        (PG, b"", FLASH, b"\1\2", SIZERR),
        (PG, b"", FLASH + 4, b"\1\2\3\4", PGAERR),
        (PG, b"\1\2\3\4", FLASH + 8, b"\1\2\3\4", PGAERR),
        (0, b"", FLASH, b"\1\2\3\4", PGSERR),
        (PG | PER, b"", FLASH, b"\1\2\3\4", PGSERR),
        (PG, bytes(range(8)), FLASH, bytes(range(8)), PROGERR),
    ],
)
def test_what_is_no_double_word_is_refused(
    control: int, before: bytes, address: int, data: bytes, flags: int
):
    block = controller()
    block.write_register(flash.CR, control)
    if before:
        block.program(FLASH, before, 4)
    contents = block.contents()
    block.program(address, data, min(len(data), 4))
    assert status(block) == flags
    assert block.contents() == contents


def test_an_error_that_is_left_in_the_status_keeps_what_follows_out():
    block = controller()
    block.write_register(flash.CR, PG)
    block.program(FLASH, b"\1\2", 2)
    block.program(FLASH, bytes(range(8)), 4)
    assert status(block) == SIZERR | PGSERR
    block.write_register(flash.SR, 0xFFFF_FFFF)
    block.program(FLASH, bytes(range(8)), 4)
    assert (status(block), block.contents()[:8]) == (0, bytes(range(8)))


def test_a_double_word_may_become_all_zeros():
    block = controller()
    block.write_register(flash.CR, PG)
    block.program(FLASH, bytes(range(8)), 4)
    status(block)
    block.program(FLASH, bytes(8), 4)
    assert (status(block), block.contents()[:8]) == (0, bytes(8))


def test_it_can_be_wrong_on_purpose():
    block = controller()
    block.set_faults(FlashFaults(fail_program=True))
    block.write_register(flash.CR, PG)
    block.program(FLASH, bytes(range(8)), 4)
    assert status(block) == flash.WRPERR
    assert block.contents()[:8] == b"\xff" * 8


def test_the_end_is_flagged_where_it_may_interrupt():
    block = controller()
    block.write_register(flash.CR, PG | 1 << 24)
    block.program(FLASH, bytes(range(8)), 4)
    assert status(block) == EOP


def test_the_option_bits_have_a_lock_of_their_own():
    block = controller()
    assert block.values[flash.CR] & (LOCK | flash.OPTLOCK) == flash.OPTLOCK
    for key in (0x0819_2A3B, 0x4C5D_6E7F):
        block.write_register(flash.OPTKEYR, key)
    assert not block.values[flash.CR] & flash.OPTLOCK
    block.write_register(flash.CR, flash.OPTLOCK)
    assert block.values[flash.CR] & flash.OPTLOCK


def test_a_store_into_flash_that_is_refused_says_why(bench):
    source = """
    int main(void)
    {
        REG(0x40022008u) = 0x45670123u; REG(0x40022008u) = 0xCDEF89ABu; REG(0x40022014u) = 1;
        REG(0x08010004u) = 1; seen[0] = REG(0x40022010u); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, *M4, chip=NAME).run()
    assert board.seen(0) == PGAERR
    [finding] = board.board.findings
    assert finding.message.endswith(
        "stores 4 bytes at 0x08010004 in flash, and nothing changes: "
        "it is not the next word of a double word (PGAERR)."
    )
