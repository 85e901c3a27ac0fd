"""Time limit: how long the work for a variant may take in all, without the time in which it waits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from mcumatrix.errors import ConsoleTimeoutError
from mcumatrix.units import format_duration


class TimeLimit:
    """Adds up the time in which something is at work, by a clock in seconds that never goes back.

    Several threads may be at work for one variant; what they do at once counts once.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._spent_s = 0.0
        self._since_s = 0.0
        self._at_work = 0
        self._lock = Lock()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Within this, time counts."""
        with self._lock:
            if not self._at_work:
                self._since_s = self._clock()
            self._at_work += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1
                if not self._at_work:
                    self._spent_s += self._clock() - self._since_s

    @property
    def left_s(self) -> float:
        """What is left of it, below zero once it is over."""
        with self._lock:
            current_s = self._clock() - self._since_s if self._at_work else 0.0
            return self._limit_s - self._spent_s - current_s

    def check(self) -> None:
        """Raises:
        ConsoleTimeoutError: it is over.
        """
        if self.left_s < 0:
            raise ConsoleTimeoutError(
                f"building and running took longer than {format_duration(self._limit_s)} in all, and the run "
                "was ended",
                hint="time_limits of the matrix can give it more; fewer runs and repeats take less.",
            )


UNLIMITED = TimeLimit(float("inf"))
