"""Kills runs at random moments, and looks at what they leave. Prints JSON.

    .venv/bin/python bench/kills.py --kills 100 --seed 1

Works in a copy of the project, with the compiler on PATH and the virtual boards. Before each kill a part of
what was made is removed at random, so that there is work to be killed in. After each: no program of the run
lives 5 s later, every record that is there is as it was kept, and the next run ends with exit code 0 and with
the very cycles of a run that nobody disturbed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from quickstart import copy_project

from mcumatrix.errors import ResultError
from mcumatrix.results.chain import Chain
from mcumatrix.results.store import CHAIN_FILE, read_record

PARTS = ("results", "build/images", "build/libraries", "build/models", "build/boards", "build")
SELECTED = "model=mnist-int8 and kernels=simd"
ORPHANS_END_S = 5.0


def start(project: Path) -> subprocess.Popen[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.Popen(
        ["doit", "matrix", "quickstart", "--builder", "local", "--select", SELECTED],
        cwd=project,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def records(project: Path) -> Path:
    return project / "results" / "quickstart" / "records"


def cycles(project: Path) -> dict[str, tuple[int, ...]]:
    """The cycles of each variant in its newest record."""
    found = {}
    for link in Chain(records(project) / CHAIN_FILE).links():
        record = read_record(records(project) / link.record)
        if record.measurement is not None:
            found[record.variant] = record.measurement.total_cycles
    return found


def broken_records(project: Path) -> list[str]:
    """What is not as it was kept, of what stands there under its name."""
    try:
        named = [records(project) / link.record for link in Chain(records(project) / CHAIN_FILE).links()]
    except ResultError as error:
        return [str(error)]
    broken = []
    for path in named:
        try:
            # One that is in the chain and has no name yet gets it from the next run.
            if path.exists():
                read_record(path)
        except ResultError as error:
            broken.append(str(error))
    return broken


def living(project: Path) -> int:
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                count += str(project) in (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
    return count


def one(
    project: Path, dice: random.Random, longest_s: dict[str, float], expected: dict[str, tuple[int, ...]]
) -> dict[str, object]:
    """One kill and what was seen of it; `longest_s` is how long a run takes where a part is missing."""
    part = dice.choice(PARTS)
    shutil.rmtree(project / part, ignore_errors=True)
    process, delay_s = start(project), dice.uniform(0.2, longest_s[part])
    begun = time.monotonic()
    try:
        process.communicate(timeout=delay_s)
        longest_s[part] = time.monotonic() - begun
        return {"part": part, "ended_before": True}
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()
    give_up_at = time.monotonic() + ORPHANS_END_S
    while living(project) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    seen: dict[str, object] = {"part": part, "after_s": round(delay_s, 2)}
    seen["orphans"] = living(project)
    seen["broken_records"] = broken_records(project)
    again = start(project)
    said, _ = again.communicate()
    seen["rerun"] = again.returncode
    seen["same_cycles"] = cycles(project) == expected
    if again.returncode or "Traceback" in said:
        seen["said"] = said[-2000:]
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        begun = time.monotonic()
        first = start(project)
        said, _ = first.communicate()
        if first.returncode:
            sys.exit(f"The matrix did not run.\n{said}")
        longest_s = dict.fromkeys(PARTS, time.monotonic() - begun)
        expected = cycles(project)
        kills: list[dict[str, object]] = []
        tries = 0
        while len(kills) < arguments.kills:
            seen = one(project, dice, longest_s, expected)
            tries += 1
            if "ended_before" in seen:
                continue
            kills.append(seen)
            print(f"{len(kills)}: {seen}", file=sys.stderr, flush=True)
    bad = [
        seen
        for seen in kills
        if seen["orphans"] or seen["broken_records"] or seen["rerun"] or not seen["same_cycles"]
    ]
    print(
        json.dumps(
            {
                "kills": len(kills),
                "runs_that_ended_before": tries - len(kills),
                "seed": arguments.seed,
                "clean_reruns": sum(seen["rerun"] == 0 and bool(seen["same_cycles"]) for seen in kills),
                "with_orphans": sum(bool(seen["orphans"]) for seen in kills),
                "with_broken_records": sum(bool(seen["broken_records"]) for seen in kills),
                "by_part": Counter(str(seen["part"]) for seen in kills),
                "bad": bad,
            },
            indent=1,
        )
    )
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
