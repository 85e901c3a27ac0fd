"""Runs on the boards of a cluster's workers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition

from mcumatrix.errors import ToolError
from mcumatrix.executors.cluster.connection import BOARD, LOOK_EVERY_S, Connection
from mcumatrix.executors.cluster.there import Done, RunAsked, RunOrder, run_there, set_aside_there, tools_of
from mcumatrix.executors.runs import Choice
from mcumatrix.model.catalogue import Board
from mcumatrix.registry import Boards
from mcumatrix.stages.run import Ended, Ran, ToRun

_MOST_SIDE_BY_SIDE = 512
"""Each has a thread of this process, which waits."""


class ClusterRuns:
    """Runs go where their board is, as many at a time as there are units of it. A run whose worker is lost is
    done elsewhere; nothing came of it before, since results come back whole or not at all."""

    def __init__(self, connection: Connection, boards: Boards) -> None:
        """`boards` are those of this machine: a worker's have to be run by the same versions."""
        self._connection = connection
        self._boards = boards
        self._turns: dict[str, Turns] = {}

    @property
    def side_by_side(self) -> int:
        """As many as workers have threads, and some more that wait, so that no worker does."""
        threads = sum(int(one["nthreads"]) for one in self._connection.workers().values())
        return min(max(2 * threads, 2), _MOST_SIDE_BY_SIDE)

    def run(self, choice: Choice, board: Board, ended: Ended) -> Ran:
        resource = f"{BOARD}{board.name}"
        tools, test = tools_of(board, self._boards), choice.test()

        def asked() -> tuple[RunAsked]:
            # Anew where it is done once more: time has gone by, and units may have shown to be fit.
            wanted = _order(choice.wanted)
            return (
                RunAsked(choice.task, board, wanted, _order(test) if test else None, choice.fit(), tools),
            )

        # No more than there are units of: which of them are fit is to be known when a run begins.
        with (
            self._connection.heard(choice.task, choice.placed),
            self._turns.setdefault(resource, Turns()).one_of(
                lambda: sum(self._with(resource, board).values())
            ),
        ):
            with choice.wanted.limit.counted():
                done: Done = self._connection.result(
                    run_there,
                    asked,
                    workers=lambda: self._with(resource, board),
                    resources={resource: 1},
                    what=choice.task,
                )
            what = test if done.was_test and test else choice.wanted
            ran = replace(done.ran, what=what)
            ended(ran)
            return ran

    def _with(self, resource: str, board: Board) -> dict[str, int]:
        """The workers that have a board, each with how many units. Raises ToolError if there is none."""
        units = {
            address: int(worker.get("resources", {}).get(resource, 0))
            for address, worker in self._connection.workers().items()
        }
        found = {address: count for address, count in units.items() if count}
        if not found:
            raise ToolError(
                f"No worker of the cluster has the board {board.name}.",
                hint="Start `mcumatrix worker` on the machine that it is attached to.",
            )
        return found

    def set_aside(self, board: Board, unit: str, reason: str) -> None:
        workers = self._with(f"{BOARD}{board.name}", board)
        self._connection.ask_each(set_aside_there, board, unit, reason, workers=workers)

    def close(self) -> None:
        self._connection.close()


class Turns:
    """Lets as many go on at a time as there are units; the others wait."""

    def __init__(self) -> None:
        self._free = Condition()
        self._under_way = 0

    @contextmanager
    def one_of(self, units: Callable[[], int]) -> Iterator[None]:
        """Within this, it is one of those that go on. `units` says how many there are at the moment."""
        while True:
            # Not while others are kept from ending: it may be a question over a network.
            count = units()
            with self._free:
                if self._under_way < count:
                    self._under_way += 1
                    break
                self._free.wait(LOOK_EVERY_S)
        try:
            yield
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify()


def _order(what: ToRun) -> RunOrder:
    image = what.image
    return RunOrder(
        what.variant,
        image,
        image.elf.read_bytes(),
        image.binary.read_bytes(),
        what.limit.left_s,
        what.labelled,
    )
