"""Runs on the boards of a cluster's workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition

from mcumatrix.errors import ToolError
from mcumatrix.executors.cluster.connection import BOARD, Connection
from mcumatrix.executors.cluster.there import Done, RunAsked, RunOrder, run_there, set_aside_there, tools_of
from mcumatrix.executors.runs import Choice
from mcumatrix.model.catalogue import Board
from mcumatrix.registry import Boards
from mcumatrix.stages.run import Ended, Ran, ToRun

_LOOK_EVERY_S = 1.0

_MOST_SIDE_BY_SIDE = 512
"""Each has a thread of this process, which waits."""


class ClusterRuns:
    """Runs go where their board is, as many at a time as there are units of it. A run whose worker is lost is
    done elsewhere; nothing came of it before, since results come back whole or not at all."""

    def __init__(self, connection: Connection, boards: Boards) -> None:
        """`boards` are those of this machine: a worker's have to be run by the same versions."""
        self._connection = connection
        self._boards = boards
        self._free = Condition()
        self._under_way: dict[str, int] = {}

    @property
    def side_by_side(self) -> int:
        """As many as workers have threads, and some more that wait, so that no worker does."""
        threads = sum(int(one["nthreads"]) for one in self._connection.workers().values())
        return min(max(2 * threads, 2), _MOST_SIDE_BY_SIDE)

    def run(self, choice: Choice, board: Board, ended: Ended) -> Ran:
        resource = f"{BOARD}{board.name}"
        self._connection.hears(choice.task, choice.placed)
        test = choice.test()
        # No more than there are units of: which of them are fit is to be known when a run begins.
        with self._one_at_a_time(resource, board):
            with choice.wanted.limit.counted():
                done: Done = self._connection.result(
                    run_there,
                    RunAsked(
                        choice.task,
                        board,
                        _order(choice.wanted),
                        _order(test) if test else None,
                        choice.fit(),
                        tools_of(board, self._boards),
                    ),
                    workers=lambda: self._with(resource, board),
                    resources={resource: 1},
                    what=choice.task,
                )
            what = test if done.was_test and test else choice.wanted
            ran = replace(done.ran, what=what)
            ended(ran)
            return ran

    @contextmanager
    def _one_at_a_time(self, resource: str, board: Board) -> Iterator[None]:
        with self._free:
            while self._under_way.get(resource, 0) >= self._units(resource, board):
                self._free.wait(_LOOK_EVERY_S)
            self._under_way[resource] = self._under_way.get(resource, 0) + 1
        try:
            yield
        finally:
            with self._free:
                self._under_way[resource] -= 1
                self._free.notify_all()

    def _units(self, resource: str, board: Board) -> int:
        workers = self._connection.workers()
        return sum(int(workers[one]["resources"][resource]) for one in self._with(resource, board))

    def _with(self, resource: str, board: Board) -> tuple[str, ...]:
        """The workers that have a board. Raises ToolError if there is none."""
        workers = self._connection.workers()
        found = tuple(
            address for address, worker in workers.items() if worker.get("resources", {}).get(resource)
        )
        if not found:
            raise ToolError(
                f"No worker of the cluster has the board {board.name}.",
                hint="Start `doit worker` on the machine that it is attached to.",
            )
        return found

    def set_aside(self, board: Board, unit: str, reason: str) -> None:
        workers = self._with(f"{BOARD}{board.name}", board)
        self._connection.ask_each(set_aside_there, board, unit, reason, workers=workers)

    def close(self) -> None:
        self._connection.close()


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
