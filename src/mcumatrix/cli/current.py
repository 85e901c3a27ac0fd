"""The matrix that a command is about, as the command line names it, and how work on it is ended."""

import atexit
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from doit.doit_cmd import get_var, set_var

from mcumatrix.cli.common import say, say_error
from mcumatrix.errors import MatrixError, McuMatrixError
from mcumatrix.project import Project
from mcumatrix.stages.retry import DEFAULT_ATTEMPTS, MAXIMUM_ATTEMPTS, Retries
from mcumatrix.tasks import DEFAULT_MATRIX, Task, tasks
from mcumatrix.work import Work, load_work

OPTION_SELECT = {
    "name": "select",
    "long": "select",
    "type": str,
    "default": "",
    "help": "only these variants: 'kernels=simd and clock=216MHz', or a slug",
}

OPTION_BUILDER = {
    "name": "builder",
    "long": "builder",
    "type": str,
    "default": "",
    "help": "where to build: docker, local, or auto (docker where an engine answers, which is the default); "
    "the variable MCUMATRIX_BUILDER says it for all commands",
}

OPTION_NO_WAIT = {
    "name": "no_wait",
    "long": "no-wait",
    "type": bool,
    "default": False,
    "help": "fail where a board or this folder is in use, instead of waiting for it",
}

OPTION_ATTEMPTS = {
    "name": "attempts",
    "long": "attempts",
    "type": str,
    "default": str(DEFAULT_ATTEMPTS),
    "help": "how often a run is tried that probe, serial line or host have spoiled, with pauses of 1 s, 2 s, "
    f"4 s and so on between; 1 to {MAXIMUM_ATTEMPTS}, {DEFAULT_ATTEMPTS} if not given",
}

_ENDING_S = 15.0
"""How long boards, builds and containers have to end, before a further Ctrl-C does not wait for them."""

USAGE = "[MATRIX]"


def tasks_of_command_line() -> Iterator[Task]:
    """The tasks of the matrix that the command line names (`matrix=NAME`), for dodo.py.

    Exits with the error's sentence and code if there are none.
    """
    try:
        yield from tasks(current_work())
    except McuMatrixError as error:
        raise SystemExit(say_error(error)) from error


_loaded: dict[tuple[Path, str, str], Work] = {}


def current_work() -> Work:
    """The work of the matrix that the command line names, loaded once. Raises McuMatrixError."""
    builder = str(get_var("builder", "")) or os.environ.get("MCUMATRIX_BUILDER", "") or "auto"
    key = (Path.cwd(), str(get_var("matrix", DEFAULT_MATRIX)), builder)
    if key not in _loaded:
        end_with_signals()
        _loaded[key] = load_work(
            Project(key[0]),
            key[1],
            builder,
            say,
            wait=not get_var("no_wait", False),
            retries=Retries(_attempts(str(get_var("attempts", DEFAULT_ATTEMPTS)))),
            again=bool(get_var("again", False)),
        )
        # Also for tasks that are run by doit itself: no board and no build is left behind.
        atexit.register(_loaded[key].boards.close)
        atexit.register(_loaded[key].builder.stop)
    return _loaded[key]


def _attempts(text: str) -> int:
    attempts = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= attempts <= MAXIMUM_ATTEMPTS:
        raise MatrixError(
            f"{text!r} is no number of attempts",
            hint=f"Write one between 1 and {MAXIMUM_ATTEMPTS}: --attempts {DEFAULT_ATTEMPTS}",
        )
    return attempts


def take_arguments(params: Any, args: list[str]) -> None:
    """Leaves what was asked for where dodo.py finds it: in doit's variables. Raises MatrixError."""
    set_var("builder", params["builder"])
    if len(args) > 1:
        raise MatrixError(
            f"one matrix at a time, and {len(args)} were named: {', '.join(args)}",
            hint="To run some variants only: --select 'kernels=simd'",
        )
    if args:
        set_var("matrix", args[0].removeprefix("matrix="))


def end_with_signals() -> None:
    """Lets signals that ask for the end do what Ctrl-C does: all that was started is ended first.

    A further one does not keep that from being done, until it has had its time.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What is ignored stays so: nohup, or a shell's background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if _asked_at and now - _asked_at[0] < _ENDING_S:
        return
    _asked_at[:] = [now]
    raise KeyboardInterrupt


_asked_at: list[float] = []
"""When the signal came that is being followed."""
