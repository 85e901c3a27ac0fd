"""Compiles small firmware during the tests and runs it on virtual boards."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.compiling import compile_arm
from vstm32 import Board, BoardOptions, load_elf

FIRMWARE = Path(__file__).parent / "firmware"
FLAGS = [
    "-mfpu=fpv5-sp-d16",
    "-mfloat-abi=hard",
    "-O2",
    "-std=c11",
    "-ffreestanding",
    "-fno-tree-loop-distribute-patterns",
    "-Wall",
    "-Werror",
]
DONE = 63
LOOKS = {"on_finding", "trace", "profile"}


@pytest.fixture(scope="session")
def compile_firmware(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """compile_firmware(c_source, *extra_flags) gives the path of an ELF file."""
    folder = tmp_path_factory.mktemp("firmware")

    def compiled(source: str, *flags: str) -> Path:
        name = hashlib.sha256(repr((source, flags)).encode()).hexdigest()[:16]
        elf = folder / f"{name}.elf"
        if not elf.exists():
            main = {f"{name}.c": '#include "board.h"\n' + source}
            parts = (FIRMWARE / "start.c", FIRMWARE / "services.c", "-T", FIRMWARE / "link.ld")
            compile_arm(folder, main, *FLAGS, *flags, f"-I{FIRMWARE}", *parts, output=elf.name)
        return elf

    return compiled


class Bench:
    """A board with a firmware that leaves what it saw in the array `seen`."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def seen(self, index: int) -> int:
        """One word that the firmware has left."""
        address = self.board.symbol("seen") + 4 * index
        return int(struct.unpack("<I", self.board.read_memory(address, 4))[0])

    def run(self, timeout_seconds: float = 60) -> "Bench":
        """Runs until the firmware has set the last word of `seen`."""
        self.board.run(until=lambda: self.seen(DONE) != 0, timeout_seconds=timeout_seconds)
        return self


@pytest.fixture
def bench(compile_firmware: Callable[..., Path]) -> Iterator[Callable[..., Bench]]:
    """bench(c_source, *flags, **options_of_board) gives a board that has not run yet.

    Its cycles are instructions, so that a test can count them, unless `timing` names another model.
    """
    boards: list[Board] = []

    def made(source: str, *flags: str, **options: Any) -> Bench:
        looks = {name: options.pop(name) for name in LOOKS & options.keys()}
        of_board = BoardOptions(**{"timing": "instructions"} | options)
        board = Board(load_elf(compile_firmware(source, *flags)), of_board, **looks)
        boards.append(board)
        return Bench(board)

    yield made
    for board in boards:
        board.close()
