"""The port through which images are run, and the adapter for the boards of this machine."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Protocol

from mcumatrix import registry
from mcumatrix.model.catalogue import Board
from mcumatrix.registry.boards import Boards
from mcumatrix.stages.run import Choose, Ended, Ran, ToRun, run_image


@dataclass(frozen=True, slots=True)
class Choice:
    """What is run on a unit, once it is known which one it is: a unit that is not fit is tested first.

    `task` is the name of the task that it is for. `test` gives what tests a unit, None where none is tested;
    `fit` tells which are fit by now, and `placed` hears on which unit it is.
    """

    task: str
    wanted: ToRun
    test: Callable[[], ToRun | None]
    fit: Callable[[], frozenset[str]]
    placed: Callable[[str], None]

    def __call__(self, unit: str) -> ToRun:
        """For a unit by its name."""
        test = None if unit in self.fit() else self.test()
        self.placed(f"{unit}, which is tested" if test else unit)
        return test or self.wanted


class Runs(Protocol):
    """Runs images on boards, one at a time on each unit."""

    @property
    def side_by_side(self) -> int:
        """How many tasks it makes sense to have under way at a time."""
        ...

    def run(self, choice: Choice, board: Board, ended: Ended) -> Ran:
        """One run on a unit of a board; `ended` is told how it went.

        A unit on which equipment has failed is tested before anything else is run on it: here `ended` is told
        before another run gets the unit, and a worker of a cluster remembers it for all who ask it.

        Raises:
            StoppedError, LockedError, BlockedError, ToolError: as `stages.run.run_image` does.
        """
        ...

    def set_aside(self, board: Board, unit: str, reason: str) -> None:
        """Gives a unit to nobody any more."""
        ...

    def close(self) -> None:
        """Ends what was started for it."""
        ...


def run_here(choose: Choose, board: Board, boards: Boards, ended: Ended) -> Ran:
    """One run on a board of this machine, by what gets images onto it and listens to it. See `run_image`."""
    return run_image(
        choose,
        boards.get(board),
        registry.flashers.flasher(board),
        registry.consoles.open_console,
        open_probe=registry.probes.current_probe,
        stopped=boards.stopped.is_set,
        ended=ended,
    )


def tools_of(board: Board, boards: Boards) -> dict[str, str]:
    """What takes part in a run besides the image, with versions: it is in the record, and so in no doubt."""
    return {"mcumatrix": _our_version(), **boards.get(board).identity()}


@cache
def _our_version() -> str:
    # Of the code that runs: what is installed meanwhile is another.
    return version("mcumatrix")


class RunsHere:
    """Runs on the boards of this machine, in the thread that asks."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards

    @property
    def side_by_side(self) -> int:
        return os.cpu_count() or 1

    def run(self, choice: Choice, board: Board, ended: Ended) -> Ran:
        return run_here(choice, board, self._boards, ended)

    def set_aside(self, board: Board, unit: str, reason: str) -> None:
        self._boards.get(board).set_aside(unit, reason)

    def close(self) -> None:
        self._boards.close()
