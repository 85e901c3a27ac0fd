"""What a profile costs the virtual board: its speed with one, as a part of its speed without. Prints JSON.

    .venv/bin/python bench/profiling.py build/images/<variant>/output/image.elf

The image is one of the project: it is told to measure inferences. Runs with and without a profile alternate.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from mcumatrix import wire
from mcumatrix.vboard import Board, load_elf
from mcumatrix.vboard.symbols import Functions, read_functions

ROUNDS = 5
SECONDS = 2.0


def run(elf: Path, repeat: int, functions: Functions | None) -> tuple[float, int]:
    """Seconds and instructions of a measurement, which is almost only inferences."""
    with Board(load_elf(elf), timing="instructions", profile=functions) as board:
        line = board.line()
        board.start()
        line.read_until(b"@end ")
        line.read_until(b"\n")
        line.write(wire.RunBench(1, 0, repeat).encode())
        line.read_until(b"@begin ")
        start, before = time.perf_counter(), board.cycles
        line.read_until(b"@end ", timeout_seconds=300)
        return time.perf_counter() - start, board.cycles - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    image = parser.parse_args().image
    functions = read_functions(image)
    seconds, _ = run(image, 1, None)
    repeat = max(1, min(400, round(SECONDS / seconds)))
    plain, profiled = [], []
    for _ in range(ROUNDS):
        for speeds, looked_up in ((plain, None), (profiled, functions)):
            seconds, instructions = run(image, repeat, looked_up)
            speeds.append(instructions / seconds / 1e6)
    print(
        json.dumps(
            {
                "image": image.parents[1].name,
                "million_instructions_per_second": round(statistics.median(plain), 1),
                "with_a_profile": round(statistics.median(profiled), 1),
                "ratio": round(statistics.median(profiled) / statistics.median(plain), 2),
                "ratios": [round(one / other, 2) for one, other in zip(profiled, plain, strict=True)],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
