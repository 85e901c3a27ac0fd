"""Runs on the boards of a cluster's workers."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from threading import Condition

from mcumatrix.errors import BlockedError, ToolError
from mcumatrix.executors.cluster.connection import BOARD, LOOK_EVERY_S, RETURN_S, Connection, stopped
from mcumatrix.executors.cluster.there import (
    Done,
    NoUnitError,
    RunAsked,
    RunOrder,
    run_there,
    set_aside_there,
)
from mcumatrix.executors.runs import Choice, tools_of
from mcumatrix.model.catalogue import Board
from mcumatrix.registry.boards import Boards
from mcumatrix.registry.flashers import FLASHERS
from mcumatrix.stages.run import Ended, Ran, ToRun

_MOST_SIDE_BY_SIDE = 2048
"""Each has a thread of this process, which waits."""

_MOST_WAITING = 64
"""Of these, as many wait for their turn, which costs something each second where there are many workers."""


def side_by_side(threads: int) -> int:
    """How many tasks are under way at a time on workers with so many threads in all."""
    return max(2, min(threads + min(threads, _MOST_WAITING), _MOST_SIDE_BY_SIDE))


class ClusterRuns:
    """Runs go where their board is, as many at a time as there are units of it. A run whose worker is lost is
    done elsewhere; nothing came of it before, since results come back whole or not at all."""

    def __init__(self, connection: Connection, boards: Boards) -> None:
        """`boards` are those of this machine: a worker's have to be run by the same versions."""
        self._connection = connection
        self._boards = boards
        self._turns: dict[str, Turns] = {}
        self._seen_at_s: dict[str, float] = {}
        self._ran_on: dict[tuple[str, str], str] = {}
        """By board and unit, the worker that a unit is of."""
        self._aside: dict[tuple[str, str], dict[str, str]] = {}
        """By board and worker, the units that were set aside, with the reasons."""

    @property
    def side_by_side(self) -> int:
        """As many as workers have threads, and some more that wait, so that no worker does."""
        return side_by_side(sum(int(one["nthreads"]) for one in self._connection.workers().values()))

    def run(self, choice: Choice, board: Board, ended: Ended) -> Ran:
        resource = f"{BOARD}{board.name}"
        tools, test = tools_of(board, self._boards), choice.test()

        def asked() -> tuple[object, ...]:
            # Anew where it is done once more: time has gone by, and units may have shown to be fit.
            order = RunAsked(
                self._connection.asker, choice.task, board, _order(choice.wanted), choice.fit(), tools
            )
            return order, self._held(test) if test else None

        # No more than there are units of: which of them are fit is to be known when a run begins.
        with (
            self._connection.heard(choice.task, choice.placed),
            self._turns.setdefault(resource, Turns()).one_of(
                lambda: sum(self._with(resource, board).values())
            ),
        ):
            with choice.wanted.limit.counted():
                try:
                    done: Done = self._connection.result(
                        run_there,
                        asked,
                        workers=lambda: self._with(resource, board),
                        resources={resource: 1},
                        what=choice.task,
                    )
                except NoUnitError as error:
                    raise BlockedError(error.message, hint=error.hint) from error
            self._ran_on[board.name, done.ran.unit] = done.worker
            what = test if done.was_test and test else choice.wanted
            ran = replace(done.ran, what=what)
            ended(ran)
            return ran

    def _held(self, test: ToRun) -> object:
        """What tests units, which is the same for many runs."""
        key = f"test-{test.variant.board.name}-{test.variant.slug}-{test.image.elf_sha256}"
        return self._connection.held(key, _order(test))

    def _with(self, resource: str, board: Board) -> dict[str, int]:
        """The workers that have a board, each with how many units that were not set aside; where there were
        some a moment ago, others have a while to come for them.

        Raises:
            StoppedError: everything was to end.
            BlockedError: all units were set aside.
            ToolError: there is none.
        """
        while not self._connection.is_stopped:
            units = {
                address: int(worker.get("resources", {}).get(resource, 0))
                for address, worker in self._connection.workers().items()
            }
            has_board = [address for address, count in units.items() if count]
            if has_board:
                self._seen_at_s[resource] = time.monotonic()
                aside = {address: self._aside.get((board.name, address), {}) for address in has_board}
                left = {address: units[address] - len(aside[address]) for address in has_board}
                if found := {address: count for address, count in left.items() if count > 0}:
                    return found
                raise BlockedError.every_unit(
                    board.name, {unit: why for one in aside.values() for unit, why in one.items()}
                )
            if time.monotonic() - self._seen_at_s.get(resource, -inf) > RETURN_S:
                raise ToolError(
                    f"No worker of the cluster has the board {board.name}.",
                    hint="Start `doit worker` on the machine that it is attached to.",
                )
            time.sleep(LOOK_EVERY_S / 10)
        raise stopped()

    def set_aside(self, board: Board, unit: str, reason: str) -> None:
        worker = self._ran_on[board.name, unit]
        # Known here first: whoever asks for a worker now gets none that has no other.
        self._aside.setdefault((board.name, worker), {})[unit] = reason
        self._connection.ask_each(
            set_aside_there, self._connection.asker, board, unit, reason, workers=[worker]
        )

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
    # Our own flashers read what they flash, and nothing else; those of other packages may.
    is_read = what.variant.board.flasher not in FLASHERS
    return RunOrder(
        what.variant,
        image,
        image.elf.read_bytes() if is_read else b"",
        image.binary.read_bytes(),
        what.limit.left_s,
        what.labelled,
    )
