"""How far work is: what is to be done, what is at work and where, how it ended, and how long the rest takes.

Nothing here shows anything; a `Snapshot` has all that there is to show at one moment.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf
from statistics import median
from threading import Lock

_ESTIMATED_EVERY_S = 1.0

_NOTHING_S = 0.05
"""A task that took no longer found its work done: the next time it may have to do it."""


class Ended(Enum):
    """How a task ended."""

    DONE = auto()
    FAILED = auto()
    BLOCKED = auto()


@dataclass(frozen=True, slots=True)
class AtWork:
    """A task that was begun: its name, where it is done if that is known, and since how long, in seconds.

    `usual_s` is what it took the last time; None where it was never done.
    """

    task: str
    where: str
    for_s: float
    usual_s: float | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file that is fetched or unpacked: how much of how much, in bytes; None where nobody knows."""

    activity: str
    name: str
    done_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far work is at one moment. `left` is what was not begun; `left_s` is None where nobody knows."""

    done: int = 0
    failed: int = 0
    blocked: int = 0
    left: int = 0
    at_work: tuple[AtWork, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    left_s: float | None = None

    @property
    def ended(self) -> int:
        """How many tasks have ended, in any way."""
        return self.done + self.failed + self.blocked

    @property
    def total(self) -> int:
        """How many tasks there are."""
        return self.ended + len(self.at_work) + self.left


def kind_of(task: str) -> str:
    """What kind of task it is: `run` for `run:variant`."""
    return task.partition(":")[0]


@dataclass(slots=True)
class _Begun:
    at_s: float
    where: str = ""


@dataclass(slots=True)
class Tally:
    """Counts what happens to tasks. Many threads may tell it; times are those of one clock, in seconds.

    `usual_s` has by name what tasks took in earlier runs.
    """

    usual_s: Mapping[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _waiting: dict[str, None] = field(default_factory=dict)
    _begun: dict[str, _Begun] = field(default_factory=dict)
    _took_s: dict[str, float] = field(default_factory=dict)
    _ended: dict[str, Ended] = field(default_factory=dict)
    _counts: Counter[Ended] = field(default_factory=Counter)
    _transfers: dict[int, Transfer] = field(default_factory=dict)
    _first_s: float | None = None
    _estimate: tuple[float, float | None] = (-inf, None)
    """When the end was last estimated, and as when."""

    def expect(self, tasks: Iterable[str]) -> None:
        """These are to be done."""
        with self._lock:
            self._waiting.update(
                (task, None) for task in tasks if task not in self._begun and task not in self._ended
            )

    def begin(self, task: str, now_s: float) -> None:
        """A task is begun; one that nobody expected counts from now on."""
        with self._lock:
            self._waiting.pop(task, None)
            self._forget_end(task)
            self._begun[task] = _Begun(now_s)
            self._first_s = now_s if self._first_s is None else self._first_s

    def place(self, task: str, where: str) -> None:
        """It is known where a task is done, such as on which unit of a board."""
        with self._lock:
            if task in self._begun:
                self._begun[task].where = where

    def end(self, task: str, how: Ended, now_s: float) -> float | None:
        """A task has ended; returns what it took, None where it was never begun."""
        with self._lock:
            self._waiting.pop(task, None)
            self._forget_end(task)
            self._ended[task] = how
            self._counts[how] += 1
            begun = self._begun.pop(task, None)
            if begun is None:
                return None
            took_s = now_s - begun.at_s
            if how is Ended.DONE and took_s >= _NOTHING_S:
                self._took_s[task] = took_s
            return took_s

    def transfer(self, key: int, transfer: Transfer | None) -> None:
        """How far a transfer is; None when it has ended."""
        with self._lock:
            self._transfers.pop(key, None)
            if transfer is not None:
                self._transfers[key] = transfer

    @property
    def took_s(self) -> dict[str, float]:
        """What tasks took that went well, those of earlier runs too."""
        with self._lock:
            return {**self.usual_s, **self._took_s}

    def snapshot(self, now_s: float) -> Snapshot:
        """How far it is now."""
        with self._lock:
            at_work = tuple(
                AtWork(task, begun.where, now_s - begun.at_s, self.usual_s.get(task))
                for task, begun in self._begun.items()
            )
            return Snapshot(
                self._counts[Ended.DONE],
                self._counts[Ended.FAILED],
                self._counts[Ended.BLOCKED],
                len(self._waiting),
                at_work,
                tuple(self._transfers.values()),
                self._estimated_left_s(now_s),
            )

    def _forget_end(self, task: str) -> None:
        if (how := self._ended.pop(task, None)) is not None:
            self._counts[how] -= 1

    def _estimated_left_s(self, now_s: float) -> float | None:
        """As `_left_s`, which looks at every task and is asked several times a second."""
        at_s, end_s = self._estimate
        if now_s - at_s >= _ESTIMATED_EVERY_S:
            left_s = self._left_s(now_s)
            end_s = None if left_s is None else now_s + left_s
            self._estimate = now_s, end_s
        return None if end_s is None else max(end_s - now_s, 0.0)

    def _left_s(self, now_s: float) -> float | None:
        """How long the rest takes, if as much is done side by side as until now.

        What was never done takes what others of its kind take. None where there is no other of some kind, and
        where nothing is left.
        """
        known = {**self.usual_s, **self._took_s}
        kinds: dict[str, list[float]] = {}
        for task, took_s in known.items():
            kinds.setdefault(kind_of(task), []).append(took_s)
        typical = {kind: median(times) for kind, times in kinds.items()}
        work_s, spent_s = 0.0, sum(self._took_s.values())
        for task in (*self._waiting, *self._begun):
            whole_s = known.get(task, typical.get(kind_of(task)))
            if whole_s is None:
                return None
            if task in self._begun:
                for_s = now_s - self._begun[task].at_s
                spent_s += for_s
                whole_s = max(whole_s - for_s, 0.0)
            work_s += whole_s
        if self._first_s is None or not (self._waiting or self._begun):
            return None
        side_by_side = max(spent_s / max(now_s - self._first_s, 1e-9), 1.0)
        return work_s / side_by_side
