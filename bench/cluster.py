"""What a cluster costs: the quickstart with threads against workers, and runs of nothing. Prints JSON.

    .venv/bin/python bench/cluster.py

Targets, on two cores: the quickstart from nothing takes at most 1.25 x as long on workers of this machine as
with threads, and of 1,000 runs that do nothing over four workers each costs at most 20 ms. Needs the extra
`cluster` and the compiler on PATH.

The two ways take turns, so that what else a machine does meets both; medians are given, and what they are
of. CPU time is that of all processes: on a machine that others use, its ratio says more. Runs that do nothing
go the whole way, with an image of the usual size there and a result with a log back.
"""

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from quickstart import copy_project

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mcumatrix.executors.cluster.connection import connect
from mcumatrix.executors.cluster.runs import ClusterRuns
from mcumatrix.executors.runs import Choice
from mcumatrix.registry.boards import Boards
from mcumatrix.stages.run import Ran, ToRun
from mcumatrix.stages.time_limit import TimeLimit
from support.variants import a_variant, an_image

IMAGE_BYTES = {"image.elf": 750_000, "image.bin": 170_000}
"""About those of the quickstart."""

LOG_BYTES = 20_000

BOARD = replace(a_variant().board, target="stm32f746ng")

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): whatever loses its parent becomes our child."""

WAYS = {"threads": ("-n", "2"), "workers": ("--cluster", "local:2")}


def measure_quickstart(rounds: int) -> dict[str, object]:
    took: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, options in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                copy_project(Path(folder))
                took[way].append(timed(Path(folder), options))
    wall_s, cpu_s = (
        {way: round(statistics.median(one[which] for one in times), 2) for way, times in took.items()}
        for which in (0, 1)
    )
    return {
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "wall_ratio": round(wall_s["workers"] / wall_s["threads"], 2),
        "cpu_ratio": round(cpu_s["workers"] / cpu_s["threads"], 2),
        "rounds_wall_and_cpu_s": {
            way: [[round(value, 2) for value in one] for one in times] for way, times in took.items()
        },
    }


def timed(project: Path, options: tuple[str, ...]) -> tuple[float, float]:
    """Seconds that the quickstart takes from nothing, and CPU seconds of it and of all that it starts."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["doit", "matrix", "quickstart", "--builder", "local", *options]
    before, begun = os.times(), time.perf_counter()
    subprocess.run(command, cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)
    took_s = time.perf_counter() - begun
    adopt_all()
    after = os.times()
    cpu_s = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return took_s, cpu_s


def adopt_all() -> None:
    """Waits for processes that outlived who had started them, so that their time is counted too."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def do_nothing(choose: Any, _board: object, _boards: object, ended: Any) -> Ran:
    """In place of a run on a board of a worker."""
    what = choose("unit-1")
    assert what.image.binary.stat().st_size == IMAGE_BYTES["image.bin"]
    ran = Ran(what, b"." * LOG_BYTES, unit="unit-1")
    ended(ran)
    return ran


def make_trivial(bench: str) -> None:
    """Has a worker do nothing where it would run an image."""
    sys.path.insert(0, bench)
    import cluster as here

    from mcumatrix.executors.cluster import there

    there.run_here = here.do_nothing


def cpu_s() -> float:
    """CPU seconds of this process: asked of workers too."""
    return time.process_time()


def measure_runs(count: int, workers: int, rounds: int) -> dict[str, object]:
    import cluster as here

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        connection = connect(f"local:{workers}", [BOARD.name], folder / "workers", print)
        runs = ClusterRuns(connection, Boards(folder / "boards", wait=False, say=print))

        def used_s() -> float:
            there = connection.ask_each(here.cpu_s, workers=tuple(connection.workers()))
            return time.process_time() + sum(there.values())

        try:
            bench = str(Path(__file__).parent)
            connection.ask_each(here.make_trivial, bench, workers=tuple(connection.workers()))
            each_ms = [run_all(runs, folder, count, used_s) for _ in range(rounds)]
        finally:
            runs.close()
    wall_ms, cpu_ms = (round(statistics.median(one[which] for one in each_ms), 2) for which in (0, 1))
    return {
        "runs": count,
        "workers": workers,
        "each_wall_ms": wall_ms,
        "each_cpu_ms": cpu_ms,
        "rounds_wall_and_cpu_ms": [[round(value, 2) for value in one] for one in each_ms],
    }


def run_all(runs: ClusterRuns, folder: Path, count: int, used_s: Callable[[], float]) -> tuple[float, float]:
    """Milliseconds of the wall that each of some runs takes, and of the CPU of all processes."""
    for file, size in IMAGE_BYTES.items():
        (folder / file).write_bytes(os.urandom(size))
    image = replace(an_image(), elf=folder / "image.elf", binary=folder / "image.bin")
    ended: list[Ran] = []

    def run(number: int) -> None:
        wanted, test = (
            ToRun(a_variant(slug, board=BOARD), image, TimeLimit(600)) for slug in (f"v{number}", "health")
        )
        choice = Choice(
            f"run:v{number}", wanted, lambda: test, lambda: frozenset({"unit-1"}), lambda _where: None
        )
        runs.run(choice, BOARD, ended.append)

    before_s, begun = used_s(), time.perf_counter()
    with ThreadPoolExecutor(runs.side_by_side) as pool:
        list(pool.map(run, range(count)))
    took_s = time.perf_counter() - begun
    assert len(ended) == count
    return 1_000 * took_s / count, 1_000 * (used_s() - before_s) / count


def main() -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--only", choices=["quickstart", "runs"], help="one of the two")
    asked = parser.parse_args()
    found: dict[str, object] = {"cores": os.cpu_count()}
    if asked.only != "quickstart":
        found["trivial"] = measure_runs(asked.runs, asked.workers, asked.rounds)
    if asked.only != "runs":
        found["quickstart"] = measure_quickstart(asked.rounds)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
