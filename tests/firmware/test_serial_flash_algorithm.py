"""The flash algorithm of a board's serial flash: what is packaged is what the sources give.

To package it after a change:

    MCUMATRIX_WRITE_GOLDEN=1 ./dev test tests/firmware/test_serial_flash_algorithm.py

That it erases and programs is tested with the flasher, on the virtual board.
"""

import json
import os
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcumatrix.adapters.flashers.pyocd.algorithm import load_algorithm
from mcumatrix.adapters.flashers.pyocd.boards import external_flash
from mcumatrix.hashing import hash_tree
from support.firmware_images import FIRMWARE, REPOSITORY, run

BOARD = "stm32f746g_disco"
SOURCES = FIRMWARE / "serial_flash_algorithm"
LAYOUT = FIRMWARE / "family" / "stm32f7" / "layout"
EXTERNAL = FIRMWARE / "board" / BOARD / "external"
MADE_FROM = (
    SOURCES,
    LAYOUT / "external.h",
    LAYOUT / "external.c",
    LAYOUT / "qspi_commands.h",
    LAYOUT / "qspi_commands.c",
    EXTERNAL / "memory.ld",
    EXTERNAL / "qspi.c",
)
FLASHER = REPOSITORY / "src" / "mcumatrix" / "adapters" / "flashers" / "pyocd"
PACKAGED = FLASHER / "boards" / f"{BOARD}.algorithm.json"
CODE_ADDRESS = 0x2000_0400
ENTRIES = ("Init", "UnInit", "EraseChip", "EraseSector", "ProgramPage")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The algorithm, built from its sources by the firmware's CMake."""
    folder = tmp_path_factory.mktemp("algorithm")
    toolchain = FIRMWARE / "cmake" / "arm-none-eabi.cmake"
    chosen = f"-DMCUMATRIX_BOARD={BOARD}"
    run("cmake", "-G", "Ninja", "-S", SOURCES, "-B", folder, "--toolchain", toolchain, chosen)
    run("ninja", "-C", folder)
    return folder


def test_what_is_packaged_is_what_the_sources_give(built: Path) -> None:
    code = (built / "algorithm.bin").read_bytes()
    words = [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code), 4)]
    with (built / "algorithm.elf").open("rb") as file:
        symbols = {s.name: s["st_value"] for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    made = {
        "made_by": run("arm-none-eabi-gcc", "--version").splitlines()[0],
        "made_from": hash_tree(FIRMWARE, MADE_FROM),
        "entries": {name: (symbols[name] & ~1) - CODE_ADDRESS for name in ENTRIES},
        "instructions": [f"{word:#010x}" for word in words],
    }
    if os.environ.get("MCUMATRIX_WRITE_GOLDEN"):
        PACKAGED.write_text(json.dumps(made, indent=2) + "\n")
    packaged = json.loads(PACKAGED.read_text())
    assert packaged["made_from"] == made["made_from"], "the sources have changed, and were not packaged"
    if packaged["made_by"] != made["made_by"]:
        pytest.skip(f"packaged with {packaged['made_by']}; {made['made_by']} gives other code")
    assert packaged == made


def test_the_first_instruction_halts_the_core() -> None:
    flash = external_flash(BOARD)
    assert flash is not None
    assert load_algorithm(flash.controller).instructions[0] & 0xFFFF == 0xBE00  # BKPT #0, PM0253 3.12.1


def test_a_board_without_such_flash_has_none() -> None:
    assert external_flash("nucleo_f767zi") is None
