"""One user at a time for each unit of a board, and any unit that is free and fit for whoever comes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Condition, Event

from mcumatrix.errors import BlockedError, LockedError, McuMatrixError, StoppedError
from mcumatrix.locking import held

_POLL_S = 0.2

Locks = Sequence[tuple[Path, str]]
"""Lock files, each with what it stands for, as in "the probe 066BFF"."""

Hold = Callable[[str, bool], AbstractContextManager[object]]
"""Holds a unit, by its name, where somebody else keeps account of who has it; told whether to wait for it.

Raises LockedError where others have it and nobody is to wait.
"""


def _nobody_else(_name: str, _wait: bool) -> AbstractContextManager[object]:
    return nullcontext()


class Shelf:
    """Which units of a board there are, who has which, and what was set aside: what is decided, without
    waiting for anything. Not for several threads at once."""

    def __init__(self, board: str, units: Sequence[str]) -> None:
        """`board` is its name, for sentences."""
        self.board = board
        self.units = units
        self._ours: set[str] = set()
        self._aside: dict[str, str] = {}

    @property
    def is_in_use(self) -> bool:
        """Whether somebody has any of them."""
        return bool(self._ours)

    def set_aside(self, unit: str, reason: str) -> None:
        """Has a unit claimed by nobody any more."""
        self._aside[unit] = reason

    def free(self) -> list[str]:
        """The units that nobody has and that were not set aside, in their order.

        Raises:
            BlockedError: all of them were set aside.
        """
        free = [name for name in self.units if name not in self._ours and name not in self._aside]
        if not free and all(name in self._aside for name in self.units):
            raise BlockedError.every_unit(self.board, self._aside)
        return free

    def claim(self, name: str) -> bool:
        """Takes a unit; false if somebody has it, or it was set aside."""
        if name in self._ours or name in self._aside:
            return False
        self._ours.add(name)
        return True

    def give_back(self, name: str) -> None:
        """Has a unit claimed by others again."""
        self._ours.discard(name)


class Units:
    """The units of one board, by their names.

    Threads of this process queue up; other processes are waited for or refused. A unit that was set aside is
    given to nobody any more.
    """

    def __init__(
        self, board: str, units: Sequence[str], *, wait: bool, say: Callable[[str], None], stop: Event
    ) -> None:
        """`board` is its name, for sentences. Without `wait` a board that others have is an error; `stop`
        ends all waiting."""
        self._shelf = Shelf(board, units)
        self._wait = wait
        self._say = say
        self._stop = stop
        self._changed = Condition()

    def set_aside(self, unit: str, reason: str) -> None:
        """Gives a unit to nobody any more; who waits for it gets another one, or is told why not."""
        with self._changed:
            self._shelf.set_aside(unit, reason)
            self._changed.notify_all()

    @contextmanager
    def take(self, locks_of: Callable[[str], Locks], hold: Hold = _nobody_else) -> Iterator[str]:
        """The name of the first unit of which all locks are free, and which `hold` gets as well.

        Raises:
            LockedError: other processes have all of them, and nobody wants to wait.
            BlockedError: all of them were set aside.
            StoppedError: everything is to end.
            McuMatrixError: what `locks_of` or the caller raises; it names the unit.
        """
        name, locks = self._first_free(locks_of, hold)
        try:
            with locks:
                yield name
        except McuMatrixError as error:
            error.unit = name
            raise
        finally:
            self._give_back(name)

    def _first_free(self, locks_of: Callable[[str], Locks], hold: Hold) -> tuple[str, ExitStack]:
        said = False
        board, units = self._shelf.board, self._shelf.units
        while True:
            refusals = []
            for name in self._free():
                if not self._claim(name):
                    continue
                try:
                    # The only one is waited for where it is locked, with a line that says who has it.
                    alone = len(units) == 1
                    return name, self._lock(locks_of(name), partial(hold, name), wait=alone and self._wait)
                except LockedError as error:
                    self._give_back(name)
                    if alone:
                        raise
                    refusals.append(error)
                except BaseException as error:
                    self._give_back(name)
                    if isinstance(error, McuMatrixError):
                        error.unit = name
                    raise
            if refusals and not self._wait and not self._shelf.is_in_use:
                raise LockedError(
                    f"all {len(units)} units of {board} are in use: {refusals[0].message}",
                    hint=refusals[0].hint,
                )
            if refusals and self._wait and not said:
                said = True
                self._say(f"Waiting for one of the {len(units)} units of {board}: {refusals[0]}")
            with self._changed:
                # Other processes do not tell when they give a unit back.
                self._changed.wait(_POLL_S)

    def _free(self) -> list[str]:
        """The units that no thread of this process has and that were not set aside, in their order.

        Raises:
            StoppedError: everything is to end.
            BlockedError: all were set aside.
        """
        if self._stop.is_set():
            raise StoppedError(f"Stopped while waiting for {self._shelf.board}.")
        with self._changed:
            return self._shelf.free()

    def _claim(self, name: str) -> bool:
        """Takes a unit among the threads of this process; false if another one has it."""
        with self._changed:
            return self._shelf.claim(name)

    def _give_back(self, name: str) -> None:
        with self._changed:
            self._shelf.give_back(name)
            self._changed.notify()

    def _lock(
        self, locks: Locks, hold: Callable[[bool], AbstractContextManager[object]], *, wait: bool
    ) -> ExitStack:
        with ExitStack() as stack:
            for path, what in locks:
                stack.enter_context(held(path, what, wait=wait, say=self._say, stop=self._stop))
            stack.enter_context(hold(wait))
            return stack.pop_all()
