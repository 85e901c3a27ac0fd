"""Whether counters of eight bits can tell a layer's events: on the virtual Cortex-M4, which knows them.

    python bench/event_windows.py

A function is interrupted every so many cycles, and the counters are read (event_windows.c). Each interrupt
adds events of its own; with runs of two periods these are taken off: what is there at no interrupt lies on
the line through both. Prints that beside what the board's profile has of the undisturbed function.
"""

import itertools
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vstm32 import Board, BoardOptions, load_elf
from vstm32.base.symbols import read_functions

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.compiling import compile_arm

_SERVICES = Path(__file__).parents[1] / "tests" / "vstm32" / "firmware"
_SOURCE = Path(__file__).with_suffix(".c")
_PERIODS_CYCLES = (60, 90, 130)
_NAMES = ("CYCCNT", "CPICNT", "EXCCNT", "SLEEPCNT", "LSUCNT", "FOLDCNT")


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted with one period, that of the interrupts included."""

    sums: tuple[int, ...]
    windows: int
    lost: int

    def without_interrupts(self, other: "Counted") -> tuple[int, ...]:
        """On the line through both, where there is no window."""
        return tuple(
            round((mine * other.windows - theirs * self.windows) / (other.windows - self.windows))
            for mine, theirs in zip(self.sums, other.sums, strict=True)
        )


def _firmware(folder: Path) -> Path:
    periods = ", ".join(map(str, _PERIODS_CYCLES))
    return compile_arm(
        folder,
        {_SOURCE.name: _SOURCE.read_text()},
        *("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-O2", "-std=c11", "-ffreestanding"),
        *(f"-DPERIODS={len(_PERIODS_CYCLES)}", f"-DPERIOD_CYCLES={periods}", f"-I{_SERVICES}"),
        *(_SERVICES / "start.c", _SERVICES / "services.c", "-T", _SERVICES / "link.ld"),
    )


def main() -> None:
    """Runs it and prints the counts."""
    with tempfile.TemporaryDirectory() as folder:
        elf = _firmware(Path(folder))
        board = Board(load_elf(elf), BoardOptions(chip="stm32l4r5xi"), profile=read_functions(elf))

    def words(symbol: str, first: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", board.read_memory(board.symbol(symbol) + 4 * first, 4 * count))

    with board:
        board.run(until=lambda: words("seen", 62, 1) != (0,))
        assert board.profiler is not None
        kernel = next(cost for cost in board.profiler.profile().functions() if cost.name == "kernel")
        board.run(until=lambda: words("seen", 63, 1) != (0,))
        [undisturbed] = words("undisturbed_cycles", 0, 1)
        runs = []
        for number in range(len(_PERIODS_CYCLES)):
            *sums, windows, lost = words("counted", 8 * number, 8)
            runs.append(Counted(tuple(sums), windows, lost))
    assert kernel.stalls is not None
    print(
        f"undisturbed: CYCCNT {undisturbed}, CPICNT {kernel.stalls.others}, LSUCNT {kernel.stalls.load_store}"
    )
    for period, run in zip(_PERIODS_CYCLES, runs, strict=True):
        counts = ", ".join(f"{name} {count}" for name, count in zip(_NAMES, run.sums, strict=True))
        print(f"every {period} cycles: {run.windows} windows, {run.lost} of them lost; {counts}")
    for (one, run), (other, another) in itertools.combinations(zip(_PERIODS_CYCLES, runs, strict=True), 2):
        counts = ", ".join(
            f"{name} {count}" for name, count in zip(_NAMES, run.without_interrupts(another), strict=True)
        )
        print(f"by {one} and {other} cycles, without interrupts: {counts}")


if __name__ == "__main__":
    main()
