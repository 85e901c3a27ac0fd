"""What `plan`, and a run with nothing to do, take for a matrix of many variants, beside doit's own floor.
Prints JSON.

    .venv/bin/python bench/planning.py --variants 10000
    .venv/bin/python bench/planning.py --variants 10000 --finished

Targets: at most 1.5 x the floor and 150 MB for 10,000 variants, 60 s and 500 MB for 100,000, which are as
many as a matrix may have. Without results, the variants differ in clock, kernels, model and flags, on the
virtual board, with the compiler on PATH. With `--finished` they are those of bench/reports.py, each with a
record that its writer has kept, on a PATH without any compiler: `first` is the first run, which proves each
record and makes the report, `proves` one of which nobody remembers what was proved, and `nothing_to_do` and
`plan` are those after it.

The floor is doit with as many tasks as the variants have, a build and a run each, that all have nothing to
do. All are CPU time, so that a machine that others use gives the same ratio.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

from quickstart import allow_every_clock, copy_project
from reports import NO_TOOLS, make_results

from mcumatrix.project import Project

MATRIX = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: [{clocks}]
  model: [mnist-float32, mnist-int8]
  board: virtual-f746
  optimize: {{O2: {{flags: [-O2]}}, O3: {{flags: [-O3]}}}}
"""

FLOOR = """\
import sys
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain

def task_x():
    for number in range(int(sys.argv[1])):
        yield {"name": f"t{number:06}", "actions": [lambda: True], "uptodate": [True]}

settings = {"dep_file": "floor.db", "backend": "sqlite3", "verbosity": 0, "reporter": "zero"}
loader = ModuleTaskLoader({"task_x": task_x, "DOIT_CONFIG": settings})
sys.exit(DoitMain(loader, config_filenames=()).run(["run"]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--finished", action="store_true", help="of which all have results")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        copy_project(project)
        allow_every_clock(project)
        measure = _finished if asked.finished else _planned
        found = measure(project, asked.variants)
        # doit looks up where tasks stand, so that they have to stand in a file.
        (project / "floor.py").write_text(FLOOR)
        command = [sys.executable, "floor.py", str(2 * asked.variants)]
        _, floor = _used(command, project, dict(os.environ))
    for used in found.values():
        used["ratio"] = round(used["cpu_s"] / floor["cpu_s"], 2)
    print(json.dumps({"variants": asked.variants, **found, "floor": floor}, indent=1))


def _planned(project: Path, variants: int) -> dict[str, dict[str, float]]:
    clocks = ", ".join(f"{100_000 + number} kHz" for number in range(variants // 8))
    (project / "matrix" / "many.yaml").write_text(MATRIX.format(clocks=clocks))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said, planned = _used(["doit", "plan", "many", "--builder", "local"], project, environment)
    summary = said.splitlines()[-1]
    if not summary.startswith(f"{variants} variants: "):
        sys.exit(f"It planned something else: {summary}")
    return {"plan": planned}


def _finished(project: Path, variants: int) -> dict[str, dict[str, float]]:
    shutil.rmtree(project / "results", ignore_errors=True)
    # By a process of its own: the memory that one has had counts for those that it starts.
    maker = get_context("spawn").Process(target=make_results, args=(Project(project), "many", variants))
    maker.start()
    maker.join()
    if maker.exitcode:
        sys.exit("There are no results.")
    environment = os.environ | {"PATH": NO_TOOLS}
    run = [str(Path(sys.executable).with_name("doit")), "matrix", "many", "--builder", "local"]
    plan = [run[0], "plan", *run[2:]]
    found = {"first": _used(run, project, environment)[1]}
    shutil.rmtree(project / "build" / "cache" / "records")
    found["proves"] = _used(run, project, environment)[1]
    found["nothing_to_do"] = _used(run, project, environment)[1]
    said, found["plan"] = _used(plan, project, environment)
    if f"{variants} variants: 0 libraries and 0 images to build, 0 to run" not in said:
        sys.exit(f"Something is left to do: {said.splitlines()[-1]}")
    return found


def _used(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[str, dict[str, float]]:
    """What a command prints, and the CPU time and the memory that it takes at most."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command[:3])} ended with {status}")
    return said, {
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "mb": round(used.ru_maxrss * 1024 / 1e6),
    }


if __name__ == "__main__":
    main()
