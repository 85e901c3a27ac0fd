"""One matrix for chips with other cores and memories: each has images of its own, made by files alone."""

import json
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from e2e.conftest import MakeWorkplace, Workplace
from support.made import Made

TWO_CHIPS = """\
description: Two chips.
axes:
  runtime: builtin
  kernels: simd
  clock: [216 MHz, 288 MHz]
  model: mnist-int8
  board: [nucleo-f767zi, virtual-f746]
"""


@pytest.fixture(scope="module")
def workplace(make_workplace: MakeWorkplace) -> Workplace:
    """With nothing in it but what is built here, so that it can be counted."""
    return make_workplace(Made.OBJECTS)


def test_two_chips_share_nothing_that_is_compiled_for_their_fpu(workplace: Workplace) -> None:
    workplace.write_matrix("chips", TWO_CHIPS)
    built = workplace.doit("build", "matrix=chips")
    assert built.returncode == 0, built.stdout + built.stderr
    libraries = [path.name for path in (workplace.root / "build" / "libraries").iterdir()]
    kinds = sorted(name.rpartition("-")[0] for name in libraries)
    assert kinds == [
        *["builtin-mnist-int8"] * 2,
        *["builtin-simd-int8"] * 2,
        *("nucleo_f767zi", "stm32f746g_disco"),
    ]
    for board, flash_kb, is_double in (("nucleo-f767zi", 2048, True), ("virtual-f746", 1024, False)):
        elfs = sorted((workplace.root / "build" / "images").glob(f"*{board}*/output/image.elf"))
        assert len(elfs) == 2
        for elf in elfs:
            attributes = subprocess.run(
                ["arm-none-eabi-readelf", "-A", elf], capture_output=True, text=True, check=True
            ).stdout
            assert ("Tag_ABI_HardFP_use: SP only" in attributes) is not is_double
            with elf.open("rb") as file:
                symbols = ELFFile(file).get_section_by_name(".symtab")
                (flash,) = symbols.get_symbol_by_name("region_flash_size_bytes")
            assert flash["st_value"] == flash_kb * 1024
    said = [path.read_text() for path in (workplace.root / "build").rglob("toolchain.json")]
    assert len({json.loads(text)["sha256"] for text in said}) == 2


def test_one_matrix_is_measured_on_virtual_boards_of_every_chip(workplace: Workplace) -> None:
    boards = "virtual-f767, virtual-l4r5"
    matrix = TWO_CHIPS.replace("nucleo-f767zi", boards).replace("[216 MHz, 288 MHz]", "120 MHz")
    workplace.write_matrix("both", matrix)
    ran = workplace.doit("matrix", "both")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "All 3 variants were measured, with correct answers." in ran.stdout
    records = {json.loads(path.read_text())["axes"]["board"]: path for path in workplace.records("both")}
    chips = {}
    for board, path in records.items():
        record = json.loads(path.read_text())
        assert (record["status"], record["provenance"]["kind"]) == ("ok", "virtual")
        chips[board] = record["measurement"]["clock"]["registers"]["DBGMCU_IDCODE"] & 0xFFF
    assert chips == {"virtual-f746": 0x449, "virtual-f767": 0x451, "virtual-l4r5": 0x470}
    # Nobody compared these with silicon, and the report says so beside their times.
    assert "never compared with a board of this chip" in workplace.report("both")
    assert "never compared with a board that ran the same code" in workplace.report("both")


def test_a_board_whose_firmware_is_not_there_is_said_so_and_the_others_are_planned(
    workplace: Workplace,
) -> None:
    board = workplace.root / "matrix" / "boards" / "lost.yaml"
    board.write_text("kind: virtual\nfirmware_board: lost\ntarget: stm32f746xg\n")
    workplace.write_matrix("lost", TWO_CHIPS.replace("nucleo-f767zi", "lost"))
    planned = workplace.doit("plan", "lost")
    assert planned.returncode == 0, planned.stderr
    assert (
        'builtin_simd_216MHz_mnist-int8_lost          cannot be tried: There is no board "lost" under '
        "firmware/board."
    ) in planned.stdout.splitlines()
    assert "\n2 variants: " in planned.stdout
