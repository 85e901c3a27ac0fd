"""The flash algorithm of a board's serial flash: what is packaged is what the sources give.

To package it after a change:

    MCUMATRIX_WRITE_GOLDEN=1 ./dev test tests/firmware/test_serial_flash_algorithm.py

That it erases and programs is tested with the flasher, on the virtual board.
"""

from pathlib import Path

import pytest

from mcumatrix.adapters.flashers.pyocd.algorithm import load_algorithm
from mcumatrix.adapters.flashers.pyocd.boards import external_flash
from mcumatrix.hashing import hash_tree
from support.firmware_images import FIRMWARE
from support.flash_algorithms import build_algorithm, require_packaged

BOARD = "stm32f746g_disco"
SOURCES = FIRMWARE / "serial_flash_algorithm"
LAYOUT = FIRMWARE / "family" / "stm32f7" / "layout"
EXTERNAL = FIRMWARE / "board" / BOARD / "external"
OF_ALL = FIRMWARE / "flash_algorithm"
MADE_FROM = (
    SOURCES,
    OF_ALL / "algorithm.cmake",
    OF_ALL / "result.h",
    LAYOUT / "external.h",
    LAYOUT / "external.c",
    LAYOUT / "qspi_commands.h",
    LAYOUT / "qspi_commands.c",
    EXTERNAL / "memory.ld",
    EXTERNAL / "qspi.c",
)
CODE_ADDRESS = 0x2000_0400


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The algorithm, built from its sources by the firmware's CMake."""
    return build_algorithm(SOURCES, tmp_path_factory.mktemp("algorithm"), f"BOARD={BOARD}")


def test_what_is_packaged_is_what_the_sources_give(built: Path) -> None:
    flash = external_flash(BOARD)
    assert flash is not None
    require_packaged(flash.controller, built, hash_tree(FIRMWARE, MADE_FROM), linked_at=CODE_ADDRESS)


def test_the_first_instruction_halts_the_core() -> None:
    flash = external_flash(BOARD)
    assert flash is not None
    assert load_algorithm(flash.controller).instructions[0] & 0xFFFF == 0xBE00  # BKPT #0, PM0253 3.12.1


def test_a_board_without_such_flash_has_none() -> None:
    assert external_flash("nucleo_f767zi") is None
