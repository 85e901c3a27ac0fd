"""The work that a command is about, as it was asked for, and how work is ended."""

import atexit
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from mcumatrix.cli.common import say_error
from mcumatrix.cli.displays import display
from mcumatrix.defaults import DEFAULT_ATTEMPTS, DEFAULT_MATRIX, MAXIMUM_ATTEMPTS
from mcumatrix.errors import MatrixError, McuMatrixError
from mcumatrix.project import Project
from mcumatrix.results.reproductions import RUNS
from mcumatrix.results.store import RecordStore
from mcumatrix.stages.retry import Retries
from mcumatrix.work import Work, load_work

if TYPE_CHECKING:
    from mcumatrix.tasks import Task

BUILDER_VARIABLE = "MCUMATRIX_BUILDER"
"""Says where to build, for every command without `--builder`: `docker`, `local` or `auto`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What work is asked for. Without a builder, the variable MCUMATRIX_BUILDER says it."""

    project: Project
    matrix: str = DEFAULT_MATRIX
    builder: str = ""
    wait: bool = True
    attempts: str = str(DEFAULT_ATTEMPTS)
    again: bool = False
    """Whether results that are there are no reason not to build."""
    apart: bool = False
    """Whether results that are there are not added to."""
    cluster: str = ""
    """The address of a Dask scheduler, or `local:4`; empty for this machine."""
    quiet: bool = False
    """Whether nothing is said but what fails."""

    @classmethod
    def of(cls, project: Project, options: Mapping[str, Any], names: list[str]) -> Self:
        """As a command line says it; it may know some of the options."""
        return cls(
            project,
            # As doit's own commands have it.
            names[0].removeprefix("matrix=") if names else DEFAULT_MATRIX,
            options["builder"],
            not options.get("no_wait", False),
            options.get("attempts", str(DEFAULT_ATTEMPTS)),
            options.get("always_execute", False),
            cluster=options.get("cluster", ""),
            quiet=options.get("quiet", False),
        )


_ENDING_S = 15.0
"""How long boards, builds and containers have to end, before a further Ctrl-C does not wait for them."""


def tasks_of_command_line() -> "Iterator[Task]":
    """The tasks of the matrix that doit's command line names (`matrix=NAME`), for dodo.py.

    Exits with the error's sentence and code if there are none.
    """
    from doit.doit_cmd import get_var

    from mcumatrix.tasks import tasks

    asked = Asked(Project.here(), str(get_var("matrix", DEFAULT_MATRIX)), str(get_var("builder", "")))
    try:
        yield from tasks(current_work(asked))
    except McuMatrixError as error:
        raise SystemExit(say_error(error)) from error


@dataclass(frozen=True)
class WorkApart(Work):
    """Work of which no record takes the place of a published one: builds that fail are kept apart too."""

    @cached_property
    def store(self) -> RecordStore:
        """The records of reproductions."""
        return RecordStore(self.project.results(self.matrix.name) / RUNS)


_loaded: dict[Asked, Work] = {}


def current_work(asked: Asked) -> Work:
    """The work that is asked for, loaded once. Raises McuMatrixError."""
    if asked in _loaded:
        return _loaded[asked]
    end_with_signals()
    with display(quiet=asked.quiet).shown() as shown:
        work = load_work(
            asked.project,
            asked.matrix,
            asked.builder or os.environ.get(BUILDER_VARIABLE, "") or "auto",
            shown,
            wait=asked.wait,
            retries=Retries(_attempts(asked.attempts)),
            again=asked.again,
            cluster=asked.cluster,
        )
    if asked.apart:
        work = WorkApart(**{part.name: getattr(work, part.name) for part in fields(Work)})
    # Also for tasks that are run by doit itself: no board and no build is left behind.
    atexit.register(work.runs.close)
    atexit.register(work.boards.close)
    atexit.register(work.builder.stop)
    _loaded[asked] = work
    return work


def _attempts(text: str) -> int:
    attempts = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= attempts <= MAXIMUM_ATTEMPTS:
        raise MatrixError(
            f"{text!r} is no number of attempts",
            hint=f"Write one between 1 and {MAXIMUM_ATTEMPTS}: --attempts {DEFAULT_ATTEMPTS}",
        )
    return attempts


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
