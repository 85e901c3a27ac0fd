"""Forks a process for each command that a line of standard input asks for: see `forked.py`.

All that runs import is imported first. That is a matter of time alone: what is not imported here, a run
imports by itself.
"""

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import mcumatrix

HEAVY = ("docker", "doit.__main__", "filelock", "jinja2", "numpy", "pyocd", "serial", "tflite", "vl_convert")
"""Of others, and imported where they are needed."""
APART = ("mcumatrix.shipped", "mcumatrix.notebook", "mcumatrix.executors.cluster")
"""What few runs need and much else comes with."""


def _preload() -> None:
    for name in HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(mcumatrix.__path__, "mcumatrix."):
        if not module.name.startswith(APART) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _become(
    command: Sequence[str], cwd: str, environment: Mapping[str, str], stdout: str, stderr: str
) -> None:
    """Does in a process that was forked what a start does before a program's first line, and the program."""
    for number, path in ((0, os.devnull), (1, stdout), (2, stderr)):
        file = os.open(path, os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    # Found by the environment, if somebody has asked for it before.
    tempfile.tempdir = None
    sys.argv[:] = command
    # As which processes that multiprocessing starts import it again.
    program_file = sys.modules["__main__"] = ModuleType("__main__")
    program_file.__file__ = command[0]
    (program,) = entry_points(group="console_scripts", name=Path(command[0]).name)
    sys.exit(program.load()())


def main() -> None:
    """Answers each line with the number of the process, and with its status when it has ended."""
    _preload()
    # Programs find nothing where this one was found.
    sys.path[:] = [path for path in sys.path if path and Path(path) != Path.cwd()]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
