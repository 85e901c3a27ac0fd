"""Commands of the product in processes that are forked from one in which all is imported (`forking.py`).

A command imports for most of a second before it does anything, and whole runs of the tests are hundreds of
commands. Such a process has folder, environment, arguments, streams, signals and exit code of its own, as one
that is started has. What is about the start itself, such as where Python finds packages, starts one.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]

_one_at_a_time = threading.Lock()


@cache
def _server() -> subprocess.Popen[str]:
    """The process that forks, started when it is first asked for."""
    server = subprocess.Popen(
        [sys.executable, "-m", "support.forking"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_close, server)
    return server


def _close(server: subprocess.Popen[str]) -> None:
    """Ends it: it reads to the end of its input."""
    server.communicate()


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], limit_s: float
) -> subprocess.CompletedProcess[str]:
    """Does what `subprocess.run` does with a program of an installed package, by its entry point.

    Raises subprocess.TimeoutExpired where it does not end in time; it is ended then.
    """
    with tempfile.TemporaryDirectory() as folder, _one_at_a_time:
        said = {name: Path(folder) / name for name in ("stdout", "stderr")}
        for path in said.values():
            path.touch()
        asked = {
            "command": list(command),
            "cwd": str(cwd),
            "environment": dict(env),
            **{name: str(path) for name, path in said.items()},
        }
        server = _server()
        assert server.stdin and server.stdout
        server.stdin.write(f"{json.dumps(asked)}\n")
        server.stdin.flush()
        process = int(server.stdout.readline())
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            os.kill(process, signal.SIGKILL)

        timer = threading.Timer(limit_s, end)
        timer.start()
        try:
            code = int(server.stdout.readline())
        finally:
            timer.cancel()
        printed = [path.read_text() for path in said.values()]
        if is_late.is_set():
            raise subprocess.TimeoutExpired(list(command), limit_s, *printed)
        return subprocess.CompletedProcess(list(command), code, *printed)
