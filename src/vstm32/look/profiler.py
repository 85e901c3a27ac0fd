"""Where the cycles go: the profiler of a board, and what it has found out.

native_profile.py counts; this prepares its tables, tells it about exceptions, and reads the result.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vstm32.base import memory_map
from vstm32.base.symbols import Functions
from vstm32.cortex_m import native, native_profile
from vstm32.cortex_m.core import Core
from vstm32.cortex_m.exceptions import ExceptionNumber, ExceptionUnit
from vstm32.cortex_m.native_profile import ENTRY, FRAME_WORDS, NODE_TABLE, NODE_WORDS, STACK

WAITING = "(waiting)"
"""The frame of cycles in which the core ran no instruction: asleep, or in a loop that polls a register."""


@dataclass(frozen=True, slots=True)
class CallPath:
    """Cycles of the function that stands last in `stack`, the outermost first, when called in this way.

    `waited_cycles` are those in which it ran no instruction; `cycles` has them not.
    """

    stack: tuple[str, ...]
    cycles: int
    waited_cycles: int
    calls: int


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """Cycles of one function by itself, and `inclusive_cycles` with everything that it called."""

    name: str
    cycles: int
    inclusive_cycles: int
    calls: int


@dataclass(frozen=True, slots=True)
class Profile:
    """All call paths of a run, in the order in which they came up first; together they have all cycles."""

    paths: tuple[CallPath, ...]
    is_complete: bool
    """Whether all calls could be told apart; else the cycles of some stand at their caller."""

    @property
    def cycles(self) -> int:
        """Cycles in which instructions ran."""
        return sum(path.cycles for path in self.paths)

    @property
    def waited_cycles(self) -> int:
        """Cycles in which the core waited."""
        return sum(path.waited_cycles for path in self.paths)

    def functions(self) -> tuple[FunctionCost, ...]:
        """The cost of each function, without waiting, the most expensive by itself first."""
        own: dict[str, int] = defaultdict(int)
        inclusive: dict[str, int] = defaultdict(int)
        calls: dict[str, int] = defaultdict(int)
        for path in self.paths:
            own[path.stack[-1]] += path.cycles
            calls[path.stack[-1]] += path.calls
            for name in set(path.stack):
                inclusive[name] += path.cycles
        costs = (FunctionCost(name, own[name], inclusive[name], calls[name]) for name in own)
        return tuple(sorted(costs, key=lambda cost: (-cost.cycles, -cost.inclusive_cycles, cost.name)))


class Profiler:
    """Counts for one board from its power-on; made before the board runs, read when it stands still."""

    def __init__(self, core: Core, exceptions: ExceptionUnit, functions: Functions) -> None:
        """`core` has been made with `profiled`."""
        self._core = core
        self._arena: int = core.arena.ctypes.data
        tables = core.arena[native.ARENA_BYTES :]
        words = native_profile.TABLE_WORDS * 8
        self._words: npt.NDArray[np.int64] = tables[:words].view(np.int64)
        self._map: npt.NDArray[np.int32] = tables[words:].view(np.int32)
        self._names: list[str] = ["(outside of memory)"]
        self._saved: dict[int, tuple[npt.NDArray[np.int64], int]] = {}
        self._place(functions)
        self._words[native_profile.NODE_COUNT] = 1
        self._words[NODE_TABLE + native_profile.FUNCTION] = ENTRY
        self._words[native_profile.LAST_CYCLES] = core.state[native.CYCLES]
        self._words[native_profile.LAST_WAITED] = core.state[native.WAITED]
        core.before_run = self._before_run
        exceptions.observer = self

    def _place(self, functions: Functions) -> None:
        numbers: dict[str, int] = {}
        for region in memory_map.REGIONS:
            self._mark(region.base, region.end, self._number(numbers, f"(no symbol in {region.name})"))
        for function in functions:
            number = self._number(numbers, function.name)
            self._mark(function.start, function.end, number)
            self._mark(function.start, function.start + 2, number, begins=True)

    def _number(self, numbers: dict[str, int], name: str) -> int:
        if name not in numbers:
            numbers[name] = len(self._names)
            self._names.append(name)
        return numbers[name]

    def _mark(self, start: int, end: int, number: int, *, begins: bool = False) -> None:
        region = memory_map.region_at(start)
        if region is None:
            return
        place = native.STORAGE_OFFSET[region.storage] + region.offset + start - region.base
        length = min(end, region.end) - start
        self._map[place >> 1 : (place + length + 1) >> 1] = number << 1 | begins

    # --- what the native part cannot see

    def _before_run(self) -> None:
        self._words[native_profile.BLOCK_SIZE] = 0

    def entered(self, number: int, frame: int) -> None:
        """See `ExceptionObserver`."""
        words = self._words
        native_profile.settle.ctypes(self._arena)
        depth = int(words[native_profile.DEPTH])
        if depth >= native_profile.FRAMES:
            # More exceptions at once than a Cortex-M7 has: nobody has left them, so they are gone.
            depth = 0
            words[native_profile.FLOOR] = 0
        place = STACK + depth * FRAME_WORDS
        words[place : place + FRAME_WORDS] = words[native_profile.FLOOR], frame, words[native_profile.NODE]
        words[native_profile.DEPTH] = words[native_profile.FLOOR] = depth + 1
        node = native_profile.child.ctypes(0, ENTRY - number, self._arena)
        words[NODE_TABLE + node * NODE_WORDS + native_profile.CALLS] += 1
        words[native_profile.NODE] = node

    def left(self, frame: int, still_active: int) -> None:
        """See `ExceptionObserver`. Another frame than was interrupted is another thread's."""
        words = self._words
        native_profile.settle.ctypes(self._arena)
        interrupted = frame
        for _ in range(self._exceptions_on_stack() - still_active):
            place = STACK + (int(words[native_profile.FLOOR]) - 1) * FRAME_WORDS
            words[native_profile.DEPTH] = words[native_profile.FLOOR] - 1
            words[native_profile.FLOOR], interrupted, words[native_profile.NODE] = (
                int(word) for word in words[place : place + FRAME_WORDS]
            )
        if interrupted != frame and not still_active:
            self._switch_thread(interrupted, frame)

    def _exceptions_on_stack(self) -> int:
        count, floor = 0, int(self._words[native_profile.FLOOR])
        while floor:
            count += 1
            floor = int(self._words[STACK + (floor - 1) * FRAME_WORDS])
        return count

    def _switch_thread(self, old: int, new: int) -> None:
        words = self._words
        used = slice(STACK, STACK + int(words[native_profile.DEPTH]) * FRAME_WORDS)
        self._saved[old] = words[used].copy(), int(words[native_profile.NODE])
        frames, node = self._saved.pop(new, (np.zeros(0, np.int64), 0))
        words[STACK : STACK + len(frames)] = frames
        words[native_profile.DEPTH] = len(frames) // FRAME_WORDS
        words[native_profile.NODE] = node

    def reset(self) -> None:
        """See `ExceptionObserver`."""
        native_profile.settle.ctypes(self._arena)
        self._saved.clear()
        for word in (native_profile.NODE, native_profile.DEPTH, native_profile.FLOOR):
            self._words[word] = 0

    # --- the result

    def profile(self) -> Profile:
        """What has been counted up to now; the core must stand still."""
        native_profile.settle.ctypes(self._arena)
        count = int(self._words[native_profile.NODE_COUNT])
        nodes = self._words[NODE_TABLE : NODE_TABLE + count * NODE_WORDS].reshape(count, NODE_WORDS)
        return Profile(
            tuple(
                CallPath(self._stack(nodes, number), *(int(word) for word in node[:3]))
                for number, node in enumerate(nodes)
                if node[native_profile.CYCLES] or node[native_profile.WAITED] or node[native_profile.CALLS]
            ),
            is_complete=not self._words[native_profile.OVERFLOWED],
        )

    def _stack(self, nodes: Any, number: int) -> tuple[str, ...]:
        return tuple(reversed([*self._names_upwards(nodes, number)])) or ("(reset)",)

    def _names_upwards(self, nodes: Any, number: int) -> Iterator[str]:
        while number:
            function = int(nodes[number, native_profile.FUNCTION])
            yield self._names[function] if function >= 0 else exception_name(ENTRY - function)
            number = int(nodes[number, native_profile.PARENT])


def exception_name(number: int) -> str:
    """An exception as a frame: `(SysTick)`, or `(interrupt 71)` for the line of a peripheral."""
    if number >= 16:
        return f"(interrupt {number - 16})"
    names = {each.value: each.name.replace("_", " ").title().replace(" ", "") for each in ExceptionNumber}
    names |= {
        ExceptionNumber.NMI: "NMI",
        ExceptionNumber.SVCALL: "SVCall",
        ExceptionNumber.PENDSV: "PendSV",
        ExceptionNumber.SYSTICK: "SysTick",
    }
    return f"({names.get(number, f'exception {number}')})"
