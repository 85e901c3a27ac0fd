"""Builds flash algorithms, and holds what is packaged of them against that."""

import json
import os
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcumatrix.adapters.flashers.pyocd.algorithm import Controller
from support.firmware_images import FIRMWARE, REPOSITORY, run

PACKAGED = REPOSITORY / "src" / "mcumatrix" / "adapters" / "flashers" / "pyocd"
ENTRIES = ("Init", "UnInit", "EraseChip", "EraseSector", "ProgramPage")


def build_algorithm(sources: Path, folder: Path, chosen: str) -> Path:
    """Builds an algorithm from its sources by the firmware's CMake, for what is `chosen` as in BOARD=..."""
    toolchain = FIRMWARE / "cmake" / "arm-none-eabi.cmake"
    chosen = f"-DMCUMATRIX_{chosen}"
    run("cmake", "-G", "Ninja", "-S", sources, "-B", folder, "--toolchain", toolchain, chosen)
    run("ninja", "-C", folder)
    return folder


def require_packaged(
    controller: Controller, built: Path, made_from: dict[str, str], *, linked_at: int = 0
) -> None:
    """Fails where something else is packaged than what was built; with MCUMATRIX_WRITE_GOLDEN, packages that.

    `made_from` are the hashes of the sources, and `linked_at` is the address of the code in its ELF file.
    """
    path = PACKAGED / controller.code
    code = (built / "algorithm.bin").read_bytes()
    words = [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code), 4)]
    with (built / "algorithm.elf").open("rb") as file:
        symbols = {s.name: s["st_value"] for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    made = {
        "made_by": run("arm-none-eabi-gcc", "--version").splitlines()[0],
        "made_from": made_from,
        "entries": {name: (symbols[name] & ~1) - linked_at for name in ENTRIES},
        "instructions": [f"{word:#010x}" for word in words],
    }
    if os.environ.get("MCUMATRIX_WRITE_GOLDEN"):
        path.write_text(json.dumps(made, indent=2) + "\n")
    packaged = json.loads(path.read_text())
    assert packaged["made_from"] == made["made_from"], "the sources have changed, and were not packaged"
    if packaged["made_by"] != made["made_by"]:
        pytest.skip(f"packaged with {packaged['made_by']}; {made['made_by']} gives other code")
    assert packaged == made
