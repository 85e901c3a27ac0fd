"""Time limit: how long a run may take in all, over several attempts and without the time that it waits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mcumatrix.errors import ConsoleTimeoutError
from mcumatrix.units import format_duration


class TimeLimit:
    """Adds up the time in which something is at work, by a clock in seconds that never goes back."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._spent_s = 0.0
        self._since: float | None = None

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Within this, time counts."""
        self._since = self._clock()
        try:
            yield
        finally:
            self._spent_s += self._clock() - self._since
            self._since = None

    @property
    def left_s(self) -> float:
        """What is left of it, below zero once it is over."""
        current_s = 0.0 if self._since is None else self._clock() - self._since
        return self._limit_s - self._spent_s - current_s

    def check(self) -> None:
        """Raises:
        ConsoleTimeoutError: it is over.
        """
        if self.left_s < 0:
            raise ConsoleTimeoutError(
                f"the run took longer than {format_duration(self._limit_s)} in all and was ended",
                hint="time_limits of the matrix can give it more; fewer repeats take less.",
            )


UNLIMITED = TimeLimit(float("inf"))
