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
        self._board = board
        self._units = units
        self._wait = wait
        self._say = say
        self._stop = stop
        self._ours: set[str] = set()
        self._aside: dict[str, str] = {}
        self._changed = Condition()

    def set_aside(self, unit: str, reason: str) -> None:
        """Gives a unit to nobody any more; who waits for it gets another one, or is told why not."""
        with self._changed:
            self._aside[unit] = reason
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
        while True:
            refusals = []
            for name in self._fit():
                if not self._claim(name):
                    continue
                try:
                    # The only one is waited for where it is locked, with a line that says who has it.
                    alone = len(self._units) == 1
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
            if refusals and not self._wait and not self._ours:
                raise LockedError(
                    f"all {len(self._units)} units of {self._board} are in use: {refusals[0].message}",
                    hint=refusals[0].hint,
                )
            if refusals and self._wait and not said:
                said = True
                self._say(f"Waiting for one of the {len(self._units)} units of {self._board}: {refusals[0]}")
            with self._changed:
                # Other processes do not tell when they give a unit back.
                self._changed.wait(_POLL_S)

    def _fit(self) -> list[str]:
        """The units that were not set aside, in their order.

        Raises:
            StoppedError: everything is to end.
            BlockedError: there is none.
        """
        if self._stop.is_set():
            raise StoppedError(f"Stopped while waiting for {self._board}.")
        with self._changed:
            fit = [name for name in self._units if name not in self._aside]
            if not fit:
                raise BlockedError.every_unit(self._board, self._aside)
        return fit

    def _claim(self, name: str) -> bool:
        """Takes a unit among the threads of this process; false if another one has it."""
        with self._changed:
            if name in self._ours or name in self._aside:
                return False
            self._ours.add(name)
        return True

    def _give_back(self, name: str) -> None:
        with self._changed:
            self._ours.discard(name)
            self._changed.notify()

    def _lock(
        self, locks: Locks, hold: Callable[[bool], AbstractContextManager[object]], *, wait: bool
    ) -> ExitStack:
        with ExitStack() as stack:
            for path, what in locks:
                stack.enter_context(held(path, what, wait=wait, say=self._say, stop=self._stop))
            stack.enter_context(hold(wait))
            return stack.pop_all()
