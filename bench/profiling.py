"""What a profile costs the virtual board: its speed with one, as a part of its speed without. Prints JSON.

    .venv/bin/python bench/profiling.py build/images/<variant>/output/image.elf

The image is one of the project: it is told to measure inferences. Runs with and without a profile alternate.
"""

import argparse
import json
import statistics
from pathlib import Path

from quickstart import timed_inferences

from vstm32.base.symbols import read_functions

ROUNDS = 5
SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    image = parser.parse_args().image
    functions = read_functions(image)
    seconds, _ = timed_inferences(image, 1)
    repeat = max(1, min(400, round(SECONDS / seconds)))
    plain, profiled = [], []
    for _ in range(ROUNDS):
        for speeds, looked_up in ((plain, None), (profiled, functions)):
            seconds, instructions = timed_inferences(image, repeat, looked_up)
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
