"""How fast the virtual board is: with and without its timing model, with exceptions, its start, ten at once.

Prints JSON.

    doit matrix quickstart && .venv/bin/python bench/virtual_board.py

Uses the images of the matrix quickstart. Numbers of a shared machine are noisy: what is compared is
measured in turns in one run, and medians are given.
"""

import argparse
import ctypes
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
FIRMWARE = ROOT / "tests" / "vstm32" / "firmware"
COMPILE = (
    "arm-none-eabi-gcc",
    "-mcpu=cortex-m7",
    "-mthumb",
    "-nostdlib",
    "-mfpu=fpv5-sp-d16",
    "-mfloat-abi=hard",
    "-O2",
    "-std=c11",
    "-ffreestanding",
    "-fno-tree-loop-distribute-patterns",
)
CLOCK_HZ = 216_000_000
TICKS = 4_000
KERNELS = ("reference", "simd")
MODELS = ("mnist-float32", "mnist-int8")
ROUNDS = 9
STARTS = 7
BOARDS = 10
CROWDS = 3
WORD = 1 << 62
BENCH = b"CMD=3 nonce=00000001 warmup=0 repeat=%d\r"


def image(kernels: str, model: str) -> Path:
    found = list((ROOT / "build" / "images").glob(f"builtin_{kernels}_216MHz_{model}-*/output/image.elf"))
    if not found:
        sys.exit("The images of the matrix quickstart are missing: run doit matrix quickstart.")
    return max(found, key=lambda path: path.stat().st_mtime)


class Kernel:
    """A board that stands before the first instruction of its first CONV_2D."""

    def __init__(self, elf: Path, timing: str) -> None:
        from vstm32 import Board, BoardOptions, load_elf
        from vstm32.cortex_m.core import StopReason

        self.board = Board(load_elf(elf), BoardOptions(timing=timing))
        line, said = self.board.line(), bytearray()

        def until(end: bytes) -> None:
            def came() -> bool:
                said.extend(line.read())
                return end in said

            self.board.run(until=came, timeout_seconds=120)

        until(b"@end ")
        said.clear()
        line.write(BENCH % 1)
        until(b"@end ")
        conv = re.search(rb"@layer \d+ layer=\d+ op=CONV_2D code=(?:0x)?([0-9a-fA-F]+)", bytes(said))
        assert conv, bytes(said)
        said.clear()
        line.write(BENCH % 100)
        until(b"@begin ")
        core = self.core = self.board.core
        core.stops.set_breakpoints(frozenset({int(conv[1], 16) & ~1}))
        while core.run(core.cycles + 500_000, None).reason is not StopReason.BREAKPOINT:
            pass
        core.stops.set_breakpoints(frozenset())
        core.run(core.cycles, None)  # takes the breakpoint out of the translated code
        self._engine = core._engine
        self._context = self._engine.context_save()
        self._start = core.program_counter
        self._end = core.read_register(core.lr) & ~1
        self._not_flash = self.board.core.memory.map.flash.size_bytes
        self._ram = bytes(core.shared.memory[self._not_flash :])

    def without_hook(self) -> None:
        from unicorn.unicorn_py3 import unicorn as binding

        binding.uclib.uc_hook_del(self._engine._uch, ctypes.c_size_t(self.core.block_hook))
        self._engine.ctl_flush_tb()

    def run(self) -> float:
        """Seconds of the processor that one run of the kernel takes."""
        core = self.core
        core.shared.memory[self._not_flash :] = self._ram
        self._engine.context_restore(self._context)
        core.state.stop = 0
        core.state.deadline = WORD
        before = time.process_time()
        self._engine.emu_start(self._start | 1, self._end)
        seconds = time.process_time() - before
        assert core.read_register(core.pc) == self._end
        return seconds

    def instructions(self) -> int:
        """What a run executes, by a board whose timing model counts one cycle for each."""
        before = self.core.cycles
        self.run()
        return self.core.cycles - before


def measure_kernel(elf: Path) -> dict[str, float]:
    """Million instructions a second, in turns: with each timing model, and with no hook."""
    boards = {
        "m7-block-1": Kernel(elf, "m7-block-1"),
        "m7-cache-2": Kernel(elf, "m7-cache-2"),
        "instructions": Kernel(elf, "instructions"),
        "no hook": Kernel(elf, "instructions"),
    }
    count = boards["instructions"].instructions()
    boards["no hook"].without_hook()
    for board in boards.values():
        board.run()
    turns = [{name: board.run() for name, board in boards.items()} for _ in range(ROUNDS)]
    for board in boards.values():
        board.board.close()
    speeds = {name: statistics.median(count / turn[name] / 1e6 for turn in turns) for name in boards}
    ratio = statistics.median(turn["no hook"] / turn["m7-block-1"] for turn in turns)
    return {name: round(speed, 1) for name, speed in speeds.items()} | {
        "share_of_the_speed_without_hook": round(ratio, 3),
        "instructions_of_a_run": count,
    }


def two_threads(folder: Path, *flags: str) -> Path:
    """The image of two_threads.c."""
    elf = folder / f"two_threads{''.join(flags)}.elf"
    parts = (
        f"-I{FIRMWARE}",
        Path(__file__).with_name("two_threads.c"),
        FIRMWARE / "start.c",
        FIRMWARE / "services.c",
        "-T",
        FIRMWARE / "link.ld",
        "-o",
        elf,
    )
    values = (f"-DCLOCK_HZ={CLOCK_HZ}", f"-DTICKS={TICKS}")
    subprocess.run([*COMPILE, *values, *flags, *parts], check=True)
    return elf


def measure_exceptions(elf: Path) -> dict[str, float]:
    """Million instructions in a second of the processor, with a tick each 0.1 ms of the board and two
    switches of threads at each.
    """
    from vstm32 import Board, BoardOptions, load_elf

    def once() -> float:
        with Board(load_elf(elf), BoardOptions(timing="instructions")) as board:
            seen = board.symbol("seen")

            def word(index: int) -> int:
                return int.from_bytes(board.read_memory(seen + 4 * index, 4), "little")

            before = time.process_time()
            board.run(until=lambda: word(63) != 0, timeout_seconds=120)
            seconds = time.process_time() - before
            assert word(0) == TICKS and word(1) == 2 * TICKS, (word(0), word(1))
            return board.core.cycles / seconds / 1e6

    return {"median": round(statistics.median(once() for _ in range(STARTS)), 1)}


def measure_all_exceptions() -> dict[str, dict[str, float]]:
    """Without and with floating-point context."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            name: measure_exceptions(two_threads(Path(folder), *flags))
            for name, flags in (("integers", ()), ("floats", ("-DFLOATS",)))
        }


def measure_start(elf: Path) -> dict[str, object]:
    """Seconds from the start of the program to the banner on its serial port."""

    import serial

    from vstm32.app.starting import read_ready

    def once() -> float:
        before = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "vstm32", str(elf), "--json", "--end-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin and process.stdout
        port = read_ready(process.stdout)["serial_port"]
        with serial.Serial(port, 115_200, timeout=10) as line:
            assert line.read_until(b"Program started")
        seconds = time.perf_counter() - before
        process.stdin.close()
        process.wait()
        return seconds

    once()  # works out what blocks cost, which is kept
    runs = [once() for _ in range(STARTS)]
    return {"median_s": round(statistics.median(runs), 3), "runs_s": [round(run, 3) for run in runs]}


def work(elf: Path, repeat: int) -> None:
    """A process with a board: says that it is ready, and does its inferences when told to."""
    from vstm32 import Board, load_elf

    with Board(load_elf(elf)) as board:
        line = board.line()
        board.start()
        line.read_until(b"@end ")
        line.write(BENCH % 1)
        line.read_until(b"@end ", timeout_seconds=120)
        line.read_until(b"\n")
        print("ready", flush=True)
        sys.stdin.readline()
        line.write(BENCH % repeat)
        line.read_until(b"@end ", timeout_seconds=600)
        print("done", flush=True)


def crowd(elf: Path, boards: int, repeat: int) -> float:
    """Seconds until so many boards at once have done the same work."""
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", str(elf), str(repeat)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(boards)
    ]
    pipes: list[tuple[IO[str], IO[str]]] = []
    for process in processes:
        assert process.stdin and process.stdout
        process.stdout.readline()
        pipes.append((process.stdin, process.stdout))
    before = time.perf_counter()
    for stdin, _ in pipes:
        stdin.write("go\n")
        stdin.flush()
    for _, stdout in pipes:
        stdout.readline()
    seconds = time.perf_counter() - before
    for process in processes:
        process.communicate()
    return seconds


def measure_crowd(elf: Path, repeat: int = 6) -> dict[str, object]:
    """How much of the cores' time ten boards turn into work; 1 is what one board per core does alone."""
    cores = len(os.sched_getaffinity(0))
    turns = [(crowd(elf, cores, repeat), crowd(elf, BOARDS, repeat)) for _ in range(CROWDS)]
    return {
        "cores": cores,
        "seconds_one_per_core_and_ten": [[round(one, 2), round(ten, 2)] for one, ten in turns],
        "efficiency": round(statistics.median(one * BOARDS / cores / ten for one, ten in turns), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", nargs=2, metavar=("ELF", "REPEAT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(Path(arguments.work[0]), int(arguments.work[1]))
        return
    result = {
        "million_instructions_per_second_in_conv_2d": {
            f"{kernels}_{model}": measure_kernel(image(kernels, model))
            for kernels in KERNELS
            for model in MODELS
        },
        "million_instructions_per_second_with_exceptions": measure_all_exceptions(),
        "from_start_to_banner": measure_start(image("simd", "mnist-int8")),
        "ten_boards_at_once": measure_crowd(image("reference", "mnist-float32")),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
