"""Disks that fail, and processes that are killed, at each operation on files in turn.

`enumerate_faults` runs a scenario of `disk_scenarios.py` again and again, each time with a fault one
operation later, until it is through without meeting it. What the scenario left is then looked at, and the
scenario run once more without a fault. A process that has all modules loaded is forked for each try, so that
one takes milliseconds.
"""

import ctypes
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

KILLED = 0
"""In place of an errno: the process is killed before the operation."""

_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Try:
    """A run of a scenario that met a fault at an operation, as in "rename /x/report.md".

    `said` is the message of the error that came out, empty if none did; `trace` is a traceback if it was not
    one of the project's. `left` is what the scenario found afterwards, `rerun` what it found once it had been
    run again; each begins with "Traceback" where that failed.
    """

    at: int
    operation: str
    said: str
    hint: str
    trace: str
    left: str
    rerun: str


@functools.cache
def library() -> Path:
    """The library that is loaded before all others, compiled."""
    made = Path(tempfile.mkdtemp(prefix="disk-faults-")) / "disk_faults.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made, source, "-ldl"], check=True
    )
    return made


def enumerate_faults(scenario: str, error: int, folder: Path, every: int = 1) -> list[Try]:
    """All tries of a scenario with an errno or `KILLED`, or each `every`-th of them. Works below `folder`."""
    ran = subprocess.run(
        [sys.executable, __file__, scenario, str(error), str(folder), str(every)],
        env=os.environ | {"LD_PRELOAD": str(library()), "PYTHONPATH": str(_TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return [Try(**json.loads(line)) for line in ran.stdout.splitlines()]


def operations(scenario: str, folder: Path) -> list[tuple[str, Path]]:
    """The operations of a scenario, in order, each with the path that it changes."""
    ran = subprocess.run(
        [sys.executable, __file__, scenario, "none", str(folder), "1"],
        env=os.environ | {"LD_PRELOAD": str(library()), "PYTHONPATH": str(_TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return [(what, Path(path)) for what, path in map(str.split, ran.stdout.splitlines())]


def _in_child(work: Callable[[], str]) -> tuple[int, str]:
    """The status and the answer of a function in a process of its own."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            answer = work()
        except BaseException:
            answer = json.dumps({"left": traceback.format_exc()})
        with os.fdopen(write, "w") as file:
            file.write(answer)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        answer = file.read()
    return os.waitpid(child, 0)[1], answer


def _arm(folder: Path, at: int, error: int, say: int) -> None:
    arm = ctypes.CDLL(None).disk_faults_arm
    arm.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int)
    arm(os.fsencode(folder), at, error, say)


def _main(name: str, error: str, below: Path, every: int) -> None:
    from support import disk_scenarios

    scenario = getattr(disk_scenarios, name)()
    prepared = below / "prepared"
    scenario.prepare(prepared)
    if error == "none":
        shutil.copytree(prepared, below / "traced", symlinks=True)
        _arm(below / "traced", -1, 0, 1)
        scenario.go(below / "traced")
        return
    # Once beforehand: what is loaded, compiled or drawn at the first use is then in all that are forked.
    warm = below / "warm"
    shutil.copytree(prepared, warm, symlinks=True)
    scenario.go(warm)
    shutil.rmtree(warm)
    at = 1
    while _one(scenario, prepared, below / f"at-{at}", at, int(error)):
        at += every


def _one(scenario: "object", prepared: Path, folder: Path, at: int, error: int) -> bool:
    """Prints a try; false once the scenario is through without meeting its fault."""
    shutil.copytree(prepared, folder, symlinks=True)
    said_to, say = os.pipe()

    def faulty() -> str:
        from mcumatrix.errors import McuMatrixError

        found = {"said": "", "hint": "", "trace": ""}
        _arm(folder, at, error, say)
        try:
            scenario.go(folder)  # type: ignore[attr-defined]
        except McuMatrixError as failure:
            found |= {"said": failure.message, "hint": failure.hint}
        except Exception:
            found["trace"] = traceback.format_exc()
        return json.dumps(found)

    def look() -> str:
        return str(scenario.look(folder))  # type: ignore[attr-defined]

    def again() -> str:
        scenario.go(folder)  # type: ignore[attr-defined]
        return look()

    os.set_blocking(said_to, False)
    _, answer = _in_child(faulty)
    os.close(say)
    with os.fdopen(said_to) as file:
        done = file.read().splitlines()
    if len(done) < at:
        shutil.rmtree(folder)
        return False
    found = json.loads(answer) if answer else {"said": "", "hint": "", "trace": ""}
    shown = done[at - 1].replace(str(folder), "")
    for key in found:
        found[key] = found[key].replace(str(folder), "F")
    left, rerun = (_in_child(work)[1].replace(str(folder), "F") for work in (look, again))
    print(json.dumps(asdict(Try(at, shown, **found, left=left, rerun=rerun))), flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return True


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
