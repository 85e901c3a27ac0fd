"""How fast the quickstart is: from nothing, with nothing to do, and on the virtual board. Prints JSON.

    .venv/bin/python bench/quickstart.py

Works in a copy of the project, so that nothing is there at first; what ./dev sets up is used as it is.
Numbers of a shared machine are noisy: medians are given, and the runs behind them.
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vstm32.base.symbols import Functions

ROOT = Path(__file__).parents[1]
PARTS = ("dodo.py", "matrix", "firmware", "templates")
NOOP_RUNS = 7
BOARD_SECONDS = 3.0


def copy_project(to: Path, tree: Path = ROOT) -> None:
    for name in PARTS:
        source = tree / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, to / name)


def allow_every_clock(project: Path) -> None:
    """For matrices with thousands of variants: lets clocks differ by 1 kHz. No image of them works."""
    header = project / "firmware" / "family" / "stm32f7" / "clock.h"
    header.write_text(header.read_text().replace("CLOCK_STEP_HZ 1000000u", "CLOCK_STEP_HZ 1000u"))


def timed(*command: str, cwd: Path) -> float:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure_doit(project: Path) -> dict[str, object]:
    cold_s = timed("doit", "matrix", cwd=project)
    noop_s = [timed("doit", "matrix", cwd=project) for _ in range(NOOP_RUNS)]
    return {
        "eight_variants_from_nothing_s": round(cold_s, 2),
        "libraries_compiled": len(list((project / "build" / "libraries").iterdir())),
        "nothing_to_do_median_s": round(statistics.median(noop_s), 3),
        "nothing_to_do_runs_s": [round(seconds, 3) for seconds in noop_s],
        "python_starts_s": round(
            statistics.median(timed("python", "-c", "", cwd=project) for _ in range(5)), 3
        ),
    }


def cycles_by_variant(project: Path) -> dict[tuple[str, str], dict[str, int]]:
    """(kernels, model) at 216 MHz -> operator -> cycles, summed over the layers with that operator."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    with (project / "results" / "quickstart" / "report.csv").open() as file:
        for row in csv.DictReader(file):
            if row["clock_hz"] == "216000000":
                operators = found.setdefault((row["kernels"], row["model"]), {})
                operators[row["op"]] = operators.get(row["op"], 0) + int(row["cycles_median"])
    return found


def measure_kernels(project: Path) -> dict[str, float]:
    cycles = cycles_by_variant(project)
    return {
        f"{model}_{operator}": round(
            cycles["reference", model][operator] / cycles["simd", model][operator], 2
        )
        for model in ("mnist-float32", "mnist-int8")
        for operator in ("CONV_2D", "TOTAL")
    }


def timed_inferences(elf: Path, repeat: int, functions: "Functions | None" = None) -> tuple[float, int]:
    """Seconds and instructions of a measurement, almost only inferences; with `functions`, it is profiled."""
    from mcumatrix import wire
    from vstm32 import Board, BoardOptions, load_elf

    with Board(load_elf(elf), BoardOptions(timing="instructions"), profile=functions) as board:
        line = board.line()
        board.start()
        line.read_until(b"@end ")
        line.read_until(b"\n")
        line.write(wire.RunBench(1, 0, repeat).encode())
        line.read_until(b"@begin ")
        start, before = time.perf_counter(), board.cycles
        line.read_until(b"@end ", timeout_seconds=300)
        return time.perf_counter() - start, board.cycles - before


def measure_board(project: Path) -> dict[str, float]:
    """Million instructions per second while RunBench runs, by variant."""
    speeds = {}
    cycles = cycles_by_variant(project)
    for kernels, model in cycles:
        (elf,) = (project / "build" / "images").glob(f"builtin_{kernels}_216MHz_{model}-*/output/image.elf")
        # About three seconds at 150 million instructions per second.
        repeat = max(1, round(BOARD_SECONDS * 150e6 / cycles[kernels, model]["TOTAL"]))
        seconds, instructions = timed_inferences(elf, repeat)
        speeds[f"{kernels}_{model}"] = round(instructions / seconds / 1e6, 1)
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        result = {
            "cores": os.cpu_count(),
            "doit_matrix": measure_doit(project),
            "simd_has_fewer_cycles_by": measure_kernels(project),
            "virtual_board_million_instructions_per_second": measure_board(project),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
