"""One user at a time for each unit of a board, and any unit that is free for whoever comes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import Generic, TypeVar

from mcumatrix.errors import LockedError, StoppedError
from mcumatrix.locking import held

_POLL_S = 0.2

Thing = TypeVar("Thing")

Locks = Sequence[tuple[Path, str]]
"""Lock files, each with what it stands for, as in "the probe 066BFF"."""


class Units(Generic[Thing]):
    """The units of one board. Threads of this process queue up; other processes are waited for or refused."""

    def __init__(
        self, board: str, units: Sequence[Thing], *, wait: bool, say: Callable[[str], None], stop: Event
    ) -> None:
        """`board` is its name, for sentences. Without `wait` a board that others have is an error; `stop`
        ends all waiting."""
        self._board = board
        self._units = units
        self._wait = wait
        self._say = say
        self._stop = stop
        self._queue = BoundedSemaphore(len(units))

    @contextmanager
    def take(self, locks_of: Callable[[Thing], Locks]) -> Iterator[Thing]:
        """The first unit of which all locks are free.

        Raises:
            LockedError: other processes have all of them, and nobody wants to wait.
            StoppedError: everything is to end.
        """
        with self._queue:
            self._go_on()
            unit, locks = self._first_free(locks_of)
            with locks:
                yield unit

    def _first_free(self, locks_of: Callable[[Thing], Locks]) -> tuple[Thing, ExitStack]:
        if len(self._units) == 1:
            return self._units[0], self._lock(locks_of(self._units[0]), wait=self._wait)
        said = False
        while True:
            refusals = []
            for unit in self._units:
                try:
                    return unit, self._lock(locks_of(unit), wait=False)
                except LockedError as error:
                    refusals.append(error)
            if not self._wait:
                raise LockedError(
                    f"all {len(self._units)} units of {self._board} are in use: {refusals[0].message}",
                    hint=refusals[0].hint,
                )
            if not said:
                said = True
                self._say(f"Waiting for one of the {len(self._units)} units of {self._board}: {refusals[0]}")
            self._stop.wait(_POLL_S)
            self._go_on()

    def _lock(self, locks: Locks, *, wait: bool) -> ExitStack:
        with ExitStack() as stack:
            for path, what in locks:
                stack.enter_context(held(path, what, wait=wait, say=self._say, stop=self._stop))
            return stack.pop_all()

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise StoppedError(f"Stopped while waiting for {self._board}.")
