"""Getting images onto the virtual board through pyOCD. Prints JSON.

    .venv/bin/python bench/flashing.py [--before REVISION]

The first part programs and verifies 692 KB, connecting included, into a board that is a program of its own;
then the same again, which only reads back. With a revision of this repository from before flashing (d78cbdf
is the last one), the second part runs the eight variants of the quickstart from nothing, with that revision
and with this tree in turns, built with the compiler on PATH and without ccache's memory.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from quickstart import ROOT, copy_project

from mcumatrix.adapters.boards.machine import Machine
from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher
from mcumatrix.hashing import hash_file
from mcumatrix.matrix.catalogues import load_boards
from mcumatrix.model.image import Image, Sizes, ToolchainIdentity

SIZE_BYTES = 692 * 1024
RUNS = 7
TURNS = 3


def random_image(folder: Path, seed: int) -> Image:
    binary = folder / f"{seed}.bin"
    binary.write_bytes(random.Random(seed).randbytes(SIZE_BYTES))
    sizes, toolchain = Sizes(SIZE_BYTES, 0, 0, {}), ToolchainIdentity("", "")
    return Image("", binary, binary, "", hash_file(binary), sizes, toolchain)


def measure_flashing() -> dict[str, object]:
    board = load_boards(ROOT / "matrix")["virtual-f746"]
    flasher = PyocdFlasher()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        machine = Machine(folder / "board", board.timing_model.value)
        machine.wait_until_ready()
        machine_s = time.perf_counter() - start
        machine.ask("power", on=True)

        def flash_s(image: Image) -> float:
            start = time.perf_counter()
            with flasher.connect(board, f"vboard:{machine.uid}") as debugger:
                debugger.program(image)
                debugger.start()
            return time.perf_counter() - start

        first_s = flash_s(random_image(folder, 0))
        fresh, again = [], []
        for seed in range(1, RUNS + 1):
            image = random_image(folder, seed)
            fresh.append(flash_s(image))
            again.append(flash_s(image))
        machine.end()
    return {
        "board_starts_s": round(machine_s, 2),
        "first_692_kb_with_loading_of_pyocd_s": round(first_s, 2),
        "program_and_verify_692_kb_median_s": round(statistics.median(fresh), 3),
        "program_and_verify_692_kb_runs_s": [round(seconds, 3) for seconds in fresh],
        "identical_image_median_s": round(statistics.median(again), 3),
        "identical_image_runs_s": [round(seconds, 3) for seconds in again],
    }


def quickstart_s(tree: Path) -> float:
    """`doit matrix` from nothing with the code and the project of a tree."""
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        copy_project(project, tree)
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(tree / "src"),
            "MCUMATRIX_BUILDER": "local",
            "CCACHE_DISABLE": "1",
        }
        start = time.perf_counter()
        subprocess.run(
            ["doit", "matrix"], cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - start


def measure_against(revision: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        before = Path(name) / "before"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(before), revision], check=True)
        try:
            for tree in (before, ROOT):
                quickstart_s(tree)  # builds, once for each tree
            times = [(quickstart_s(before), quickstart_s(ROOT)) for _ in range(TURNS)]
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)
    without, with_flashing = (statistics.median(each) for each in zip(*times, strict=True))
    return {
        "eight_variants_before_s": [round(seconds, 2) for seconds, _ in times],
        "eight_variants_with_flashing_s": [round(seconds, 2) for _, seconds in times],
        "flashing_is_slower_by": round(with_flashing / without, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", metavar="REVISION", help="a revision that does not flash")
    arguments = parser.parse_args()
    result: dict[str, object] = {"cores": os.cpu_count(), "flashing": measure_flashing()}
    if arguments.before:
        result["quickstart"] = measure_against(arguments.before)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
