"""What shows how far work is. A display takes lines too, so that whoever has something to say has one place.

`Lines` is for logs, `Quiet` for who wants to hear of failures only; `live.LiveView` is for terminals.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Event, Lock, Thread
from typing import Self

from mcumatrix.printable import printable
from mcumatrix.progress.tally import Ended, Snapshot, Tally, Transfer
from mcumatrix.progress.words import line

LINE_EVERY_S = 30.0
"""How often a log is told how far work is, in seconds."""

_FAILED = (Ended.FAILED, Ended.BLOCKED)


_LINE = "\n"
"""What boards and compilers say may have several lines."""


class Display:
    """Where work tells what happens; many threads may do so. Subclasses say what is shown of it."""

    def __init__(
        self,
        write: Callable[[str], None],
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`write` prints a line about a task, `note` one about what goes on beside; `clock` is in seconds."""
        self._write = write
        self._note = note
        self._clock = clock
        self._tally = Tally()
        self._transfers = count()
        self._shown_lock = Lock()
        self._is_shown = False

    def __call__(self, said: str) -> None:
        """Something that a person should know, as a line, whoever said it."""
        self._note(printable(said, keep=_LINE))

    def remember(self, usual_s: Mapping[str, float]) -> None:
        """What tasks took in earlier runs, in seconds, by their names."""
        self._tally.usual_s = usual_s

    @property
    def took_s(self) -> dict[str, float]:
        """What tasks took, in this run and in earlier ones, in seconds, by their names."""
        return self._tally.took_s

    def expect(self, tasks: Iterable[str]) -> None:
        """These tasks are to be done."""
        self._tally.expect(tasks)

    def begun(self, task: str) -> None:
        """A task is begun."""
        self._tally.begin(task, self._clock())

    def placed(self, task: str, where: str) -> None:
        """A task is done there, such as on a unit of a board."""
        self._tally.place(task, where)

    def ended(self, task: str, how: Ended, said: str) -> None:
        """A task has ended, and `said` is what came of it."""
        took_s = self._tally.end(task, how, self._clock())
        # What was never begun took no time.
        took = "" if took_s is None else f"  [{took_s:.1f} s]"
        if self._is_said(how):
            self._write(f"{task}  {printable(said, keep=_LINE)}{took}")

    @contextmanager
    def transfer(self) -> Iterator["TransferShown"]:
        """What hears how far the transfer of a file is, until it is over."""
        key = next(self._transfers)
        try:
            yield TransferShown(self, key)
        finally:
            self.moved(key, None)

    def transfer_begins(self, said: str) -> None:
        """A transfer begins, as a line says."""
        self._note(said)

    def told(self, said: str) -> None:
        """Something about the work as a whole, in our words: what is to be done, and what came of it."""
        self._write(said)

    def moved(self, key: int, transfer: Transfer | None) -> None:
        """How far a transfer is; None when it is over."""
        self._tally.transfer(key, transfer)

    def snapshot(self) -> Snapshot:
        """How far it is now."""
        return self._tally.snapshot(self._clock())

    @contextmanager
    def shown(self) -> Iterator[Self]:
        """Within this, it is shown how far work is. It may be entered again within, by any thread."""
        with self._shown_lock:
            is_first, self._is_shown = not self._is_shown, True
        if not is_first:
            yield self
            return
        try:
            with self._showing():
                yield self
        finally:
            self._is_shown = False

    def _showing(self) -> AbstractContextManager[object]:
        """Within this, subclasses show how far work is. It is never entered twice."""
        return nullcontext()

    def _is_said(self, how: Ended) -> bool:  # noqa: ARG002 - for subclasses
        """Whether a line is due for a task that ended so."""
        return True


class Quiet(Display):
    """Says what fails, and what has to be waited for."""

    def transfer_begins(self, said: str) -> None:
        """Is not said."""

    def told(self, said: str) -> None:
        """Is not said."""

    def _is_said(self, how: Ended) -> bool:
        return how in _FAILED


class Lines(Display):
    """A line for each task that ended and, in between, how far all of it is: for logs."""

    def __init__(
        self,
        write: Callable[[str], None],
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        every_s: float = LINE_EVERY_S,
    ) -> None:
        super().__init__(write, note, clock)
        self._every_s = every_s

    @contextmanager
    def _showing(self) -> Iterator[None]:
        """Within this, a line says how far it is, once in a while."""
        is_over = Event()
        thread = Thread(target=self._say_on, args=(is_over,), name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _say_on(self, is_over: Event) -> None:
        while not is_over.wait(self._every_s):
            self.say_how_far()

    def say_how_far(self) -> None:
        """Says it once, if anything is at work."""
        snapshot = self.snapshot()
        if snapshot.at_work or snapshot.transfers:
            # A log that takes nothing more is said where something is lost by it.
            with suppress(OSError, ValueError):
                self._write(line(snapshot))


@dataclass(slots=True)
class TransferShown:
    """Hears how far the transfer of a file is, as `sources.progress.Progress`, and has it shown."""

    _display: Display
    _key: int
    _now: Transfer = field(default=Transfer("", "", 0, None))

    def begin(self, activity: str, name: str, total_bytes: int | None) -> None:
        """Work on a file begins, or begins again."""
        size = f" ({total_bytes / 1e6:.1f} MB)" if total_bytes else ""
        self._display.transfer_begins(f"{activity} {name}{size}")
        self._now = Transfer(activity, name, 0, total_bytes)
        self._display.moved(self._key, self._now)

    def advance(self, done_bytes: int) -> None:
        """So much is done in all."""
        self._now = replace(self._now, done_bytes=done_bytes)
        self._display.moved(self._key, self._now)

    def note(self, message: str) -> None:
        """Something that a person who waits should know."""
        self._display(message)
