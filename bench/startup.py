"""Processor time of small commands: `--help`, `plan`, and `report` of finished results. Prints JSON.

    .venv/bin/python bench/startup.py --times 15

Targets on a quiet machine: 0.25 s for `--help`, 0.5 s for the others. What is shown is the median of the
processor's time, of user and system together, which a busy machine spoils less than the time on the clock;
and its least. Python may keep the modules that it has compiled, as pip has it keep those of a wheel, whatever
PYTHONDONTWRITEBYTECODE says here: with that, a checkout compiles its own code anew in each run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "--help": ("--help",),
    "plan": ("plan", "quickstart", "--builder", "local"),
    "report": ("report", "quickstart"),
}


def took_s(command: list[str], folder: Path, compiled: Path) -> tuple[float, float]:
    """Processor and clock time of a command in a folder, in seconds; `compiled` is for compiled modules."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begun = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=15)
    times = parser.parse_args().times
    program = str(Path(sys.executable).with_name("mcumatrix"))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        project, compiled = Path(folder) / "project", Path(folder) / "compiled"
        (project / "results").mkdir(parents=True)
        shutil.copytree(ROOT / "results" / "sample", project / "results" / "quickstart")
        for name, arguments in COMMANDS.items():
            command = [program, *arguments]
            took_s(command, project, compiled)  # what is kept between runs is there from the second on
            runs = [took_s(command, project, compiled) for _ in range(times)]
            found[name] = {
                "processor_s": round(median(used for used, _ in runs), 2),
                "least_processor_s": round(min(used for used, _ in runs), 2),
                "clock_s": round(median(clock for _, clock in runs), 2),
            }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
