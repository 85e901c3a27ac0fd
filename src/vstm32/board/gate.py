"""Who may touch the core: the CPU thread while a slice runs, or a debugger between two slices.

A debugger that comes while the core runs waits for the end of the slice, which is hurried. After it has
left, the core has one slice for itself before the next debugger gets in: neither a debugger that polls nor a
busy core starves the other. While the core may not run (halted, in reset, locked up, switched off) debuggers
get in at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Gate:
    """One CPU thread and any number of debugger threads take turns."""

    def __init__(self, may_run: Callable[[], bool], hurry: Callable[[], None]) -> None:
        """`may_run` tells whether the core would run if it were let; `hurry` ends its slice soon."""
        self._may_run = may_run
        self._hurry = hurry
        self._condition = threading.Condition()
        self._owner: int | None = None
        self._depth = 0
        self._waiting = 0
        self._cpu_active = False
        self._cpu_due = False
        self._open = False

    @property
    def is_wanted(self) -> bool:
        """Whether a debugger waits for the core to stand still."""
        return self._waiting > 0

    @property
    def is_held(self) -> bool:
        """Whether the calling thread is a debugger that is in."""
        return self._owner == threading.get_ident()

    @contextmanager
    def debugger(self) -> Iterator[None]:
        """The core stands still inside. May be nested in one thread."""
        self._enter(threading.get_ident())
        try:
            yield
        finally:
            with self._condition:
                self._depth -= 1
                if not self._depth:
                    self._owner = None
                    self._cpu_due = True
                    self._condition.notify_all()

    def _enter(self, thread: int) -> None:
        with self._condition:
            if self._owner == thread:
                self._depth += 1
                return
            self._waiting += 1
            try:
                if self._cpu_active:
                    self._hurry()
                while (
                    self._owner is not None
                    or self._cpu_active
                    or (self._open and self._cpu_due and self._may_run())
                ):
                    self._condition.wait()
            finally:
                self._waiting -= 1
            self._owner, self._depth = thread, 1

    # --- the CPU thread

    def open(self) -> None:
        """A CPU thread is about to ask for slices."""
        with self._condition:
            self._open = True

    def end(self) -> None:
        """The CPU thread shall not get another slice."""
        with self._condition:
            self._open = False
            self._condition.notify_all()

    def begin_slice(self) -> bool:
        """Waits until the core may run and no debugger is in; False when it shall end."""
        with self._condition:
            while self._open and (
                self._owner is not None or not self._may_run() or (self._waiting and not self._cpu_due)
            ):
                self._condition.wait()
            if not self._open:
                return False
            self._cpu_active, self._cpu_due = True, False
            return True

    def end_slice(self) -> None:
        """The slice is over; whoever waits may come in."""
        with self._condition:
            self._cpu_active = False
            self._condition.notify_all()
