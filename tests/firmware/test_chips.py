"""Images for each chip: what it is compiled for, its memories, and its vectors."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from support.firmware_images import FIRMWARE, HELLO, Build, run, symbol_address
from vstm32 import Board, BoardOptions, load_elf
from vstm32.stm32.clock_tree import Clocks

KB = 1024


@dataclass(frozen=True)
class Expected:
    """What an image for a board must have, from the chip's manual and the board's."""

    board: str
    has_double_precision: bool
    interrupts: int
    last_interrupt: str
    regions: dict[str, tuple[int, int]]
    """Name to address and size in bytes."""
    hse_hz: int
    usart_base: int
    bus: int
    enable_bit: int
    tx: tuple[str, int, int]
    rx: tuple[str, int, int]
    fpu: str = "FPv5/FP-D16 for ARMv8"


BOARDS = (
    Expected(
        board="stm32f746g_disco",
        has_double_precision=False,
        interrupts=98,
        last_interrupt="SPDIF_RX",
        regions={
            "itcm": (0, 16 * KB),
            "dtcm": (0x2000_0000, 64 * KB),
            "sram1": (0x2001_0000, 240 * KB),
            "sram2": (0x2004_C000, 16 * KB),
            "flash": (0x0800_0000, 1024 * KB),
        },
        hse_hz=25_000_000,
        usart_base=0x4001_1400,
        bus=1,
        enable_bit=5,
        tx=("C", 6, 8),
        rx=("C", 7, 8),
    ),
    Expected(
        board="nucleo_f767zi",
        has_double_precision=True,
        interrupts=110,
        last_interrupt="MDIOS",
        regions={
            "itcm": (0, 16 * KB),
            "dtcm": (0x2000_0000, 128 * KB),
            "sram1": (0x2002_0000, 368 * KB),
            "sram2": (0x2007_C000, 16 * KB),
            "flash": (0x0800_0000, 2048 * KB),
        },
        hse_hz=8_000_000,
        usart_base=0x4000_4800,
        bus=0,
        enable_bit=18,
        tx=("D", 8, 7),
        rx=("D", 9, 7),
    ),
    Expected(
        board="nucleo_l4r5zi",
        has_double_precision=False,
        interrupts=95,
        last_interrupt="DMAMUX1_OVR",
        regions={"sram": (0x2000_0000, 640 * KB), "flash": (0x0800_0000, 2048 * KB)},
        hse_hz=8_000_000,
        usart_base=0x4000_8000,
        bus=2,
        enable_bit=0,
        tx=("G", 7, 8),
        rx=("G", 8, 8),
        fpu="VFPv4-D16",
    ),
)


@dataclass(frozen=True)
class Made:
    """A linked image and what is expected of it."""

    expected: Expected
    elf: Path

    def words(self, section: str) -> list[int]:
        """A section, as words of the core."""
        with self.elf.open("rb") as file:
            data = ELFFile(file).get_section_by_name(section).data()
        return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]

    def symbol_data(self, name: str) -> bytes:
        """The bytes of a constant."""
        with self.elf.open("rb") as file:
            elf = ELFFile(file)
            (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name(name)
            section = elf.get_section(symbol["st_shndx"])
            start = symbol["st_value"] - section["sh_addr"]
            return section.data()[start : start + symbol["st_size"]]


BuildFor = Callable[..., Path]


@pytest.fixture(scope="module")
def build_for(tmp_path_factory: pytest.TempPathFactory) -> BuildFor:
    """build_for(board, clock_hz) gives an image around the fake runtime, with the linker's map beside it.

    Another clock is compiled in the folder of the first: all else is there already.
    """
    builds: dict[str, Build] = {}

    def build(board: str, clock_hz: int = HELLO.clock_hz) -> Path:
        is_new = board not in builds
        here = builds.setdefault(board, Build(tmp_path_factory.mktemp("chip"), board=board))
        here.render(replace(HELLO, board=board, clock_hz=clock_hz))
        if is_new:
            here.configure()
        here.compile()
        elf = tmp_path_factory.mktemp("image") / here.elf.name
        for ending in (".elf", ".map"):
            shutil.copy(here.elf.with_suffix(ending), elf.with_suffix(ending))
        return elf

    return build


@pytest.fixture(scope="module", params=BOARDS, ids=lambda expected: expected.board)
def made(request: pytest.FixtureRequest, build_for: BuildFor) -> Made:
    """An image for each board of the firmware."""
    return Made(request.param, build_for(request.param.board))


def test_every_board_of_the_firmware_is_looked_at_here():
    assert {path.name for path in (FIRMWARE / "board").iterdir()} == {board.board for board in BOARDS}


def test_the_image_uses_the_fpu_that_the_chip_has(made):
    attributes = run("arm-none-eabi-readelf", "-A", made.elf)
    assert f"Tag_FP_arch: {made.expected.fpu}" in attributes
    assert "Tag_ABI_VFP_args: VFP registers" in attributes
    assert ("Tag_ABI_HardFP_use: SP only" in attributes) is not made.expected.has_double_precision
    in_double = re.findall(
        r"\tv(?:mul|add|div|fma|cvt)\S*\.f64", run("arm-none-eabi-objdump", "-d", made.elf)
    )
    assert bool(in_double) is made.expected.has_double_precision


def test_the_memories_are_those_of_the_chip(made):
    names = made.expected.regions
    assert {name: symbol_address(made.elf, f"region_{name}_size_bytes") for name in names} == {
        name: size for name, (_, size) in names.items()
    }
    region = re.compile(r"^(ITCM|DTCM|SRAM1?|SRAM2|FLASH) +(0x[0-9a-f]+) ", re.MULTILINE)
    found = dict(region.findall(made.elf.with_suffix(".map").read_text()))
    assert {name.lower(): int(address, 16) for name, address in found.items()} == {
        name: address for name, (address, _) in names.items()
    }
    rams = [place for name, place in names.items() if name not in ("itcm", "flash")]
    assert symbol_address(made.elf, "stack_bottom") == symbol_address(made.elf, "ram_start") == rams[0][0]
    assert symbol_address(made.elf, "ram_end") == sum(rams[-1])
    start, size = max(rams, key=lambda place: place[1])
    heap_end = symbol_address(made.elf, "heap_end")
    assert start <= symbol_address(made.elf, "bss_start") < heap_end == start + size


def test_there_is_a_vector_for_each_interrupt_of_the_chip(made):
    vectors = made.words(".isr_vector")
    assert len(vectors) == 16 + made.expected.interrupts
    assert vectors[0] == symbol_address(made.elf, "stack_top")
    assert vectors[1] == symbol_address(made.elf, "reset_handler") | 1
    last = symbol_address(made.elf, f"{made.expected.last_interrupt}_handler")
    assert vectors[-1] == last | 1
    flash, size_bytes = made.expected.regions["flash"]
    assert all(flash <= vector < flash + size_bytes for vector in vectors[1:])


def test_the_board_has_its_own_crystal_and_serial_port(made):
    board = made.symbol_data("board")
    words = [int.from_bytes(board[at : at + 4], "little") for at in range(0, len(board), 4)]
    pins = [(chr(port & 0xFF), number, function) for port, number, function in (words[5:8], words[8:11])]
    expected = made.expected
    assert words[0] == expected.hse_hz
    assert words[1] == expected.usart_base
    assert (words[2] & 0xFF, words[3], words[4]) == (expected.bus, expected.enable_bit, 115_200)
    assert pins == [expected.tx, expected.rx]


@pytest.mark.parametrize(("mhz", "divider", "boosts"), [(14, 8, False), (30, 4, False), (82, 2, True)])
def test_the_stm32l4_makes_a_clock_with_each_divider_of_its_pll(build_for, mhz, divider, boosts):
    elf = build_for("nucleo_l4r5zi", mhz * 1_000_000)
    options = BoardOptions(chip="stm32l4r5zi", timing="instructions")
    with Board(load_elf(elf), options) as board:
        board.run_until_it_waits(timeout_seconds=60)
        said = board.line().read().decode("ascii")
        assert f" core_hz={mhz}000000 " in said
        assert board.clocks == Clocks(*[mhz * 1_000_000] * 4)
        assert board.findings == ()
    registers = dict(re.findall(r"label=(\w+) value=([0-9a-f]+)", said))
    assert 2 * ((int(registers["RCC_PLLCFGR"], 16) >> 25 & 3) + 1) == divider
    assert (int(registers["PWR_CR5"], 16) == 0) is boosts
    assert int(registers["FLASH_ACR"], 16) == 0x700 | (mhz - 1) // 20


def test_a_vector_table_that_lacks_an_interrupt_is_refused(tmp_path):
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("models", "runtime"))
    interrupts = firmware / "chip" / "stm32f767zi" / "interrupts.h"
    interrupts.write_text(interrupts.read_text().replace("INTERRUPT(JPEG)\n", ""))
    build = Build(tmp_path / "build", firmware=firmware, board="nucleo_f767zi")
    build.render()
    build.configure()
    with pytest.raises(AssertionError, match="The vector table has not one word per exception of the chip"):
        build.compile()
