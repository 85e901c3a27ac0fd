"""Where the cycles go: the profiler of a board, and what it has found out.

native/profile.c counts; this prepares its tables, tells it about exceptions, and reads the result.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vstm32.base.memory_map import EXTERNAL
from vstm32.base.symbols import Functions
from vstm32.cortex_m.core import Core
from vstm32.cortex_m.exceptions import ExceptionNumber, ExceptionUnit
from vstm32.native.library import ffi, lib

WAITING = "(waiting)"
"""The frame of cycles in which the core ran no instruction: asleep, or in a loop that polls a register."""


@dataclass(frozen=True, slots=True)
class Stalls:
    """Of the cycles of a function, those beyond the first of each instruction."""

    load_store: int = 0
    """Of loads and stores (LSUCNT)."""

    others: int = 0
    """Of other instructions, and of fetches (CPICNT)."""

    def __add__(self, other: "Stalls") -> "Stalls":
        return Stalls(self.load_store + other.load_store, self.others + other.others)


@dataclass(frozen=True, slots=True)
class CallPath:
    """Cycles of the function that stands last in `stack`, the outermost first, when called in this way.

    `waited_cycles` are those in which it ran no instruction; `cycles` has them not.
    """

    stack: tuple[str, ...]
    cycles: int
    waited_cycles: int
    calls: int
    stalls: Stalls | None = None
    """None where the timing model does not know them."""


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """Cycles of one function by itself, and `inclusive_cycles` with everything that it called."""

    name: str
    cycles: int
    inclusive_cycles: int
    calls: int
    stalls: Stalls | None = None
    """Of its own cycles; None where the timing model does not know them."""


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
        stalls: dict[str, Stalls | None] = {}
        for path in self.paths:
            own[path.stack[-1]] += path.cycles
            calls[path.stack[-1]] += path.calls
            if path.stalls is not None:
                stalls[path.stack[-1]] = (stalls.get(path.stack[-1]) or Stalls()) + path.stalls
            for name in set(path.stack):
                inclusive[name] += path.cycles
        costs = (
            FunctionCost(name, own[name], inclusive[name], calls[name], stalls.get(name)) for name in own
        )
        return tuple(sorted(costs, key=lambda cost: (-cost.cycles, -cost.inclusive_cycles, cost.name)))


class Profiler:
    """Counts for one board from its power-on; made before the board runs, read when it stands still."""

    def __init__(self, core: Core, exceptions: ExceptionUnit, functions: Functions) -> None:
        """`core` has been made with `profiled`."""
        assert core.profile is not None
        self._tables = core.profile
        self._core = core
        self._names: list[str] = ["(outside of memory)"]
        self._saved: dict[int, tuple[bytes, int]] = {}
        self._place(functions)
        self._tables.node_count = 1
        self._tables.nodes[0].function = lib.ENTRY
        self._tables.last_cycles = core.state.cycles
        self._tables.last_waited = core.state.waited
        if core.events is not None:
            self._tables.events = core.events.table
        core.before_run = self._before_run
        exceptions.observer = self

    def _place(self, functions: Functions) -> None:
        numbers: dict[str, int] = {}
        for region in self._core.memory.map.regions:
            # Memories of the board are large, and code without a symbol is rare there.
            if region.storage not in EXTERNAL:
                name = f"(no symbol in {region.name})"
                self._mark(region.base, region.end, self._number(numbers, name))
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
        region = self._core.memory.map.region_at(start)
        if region is None:
            return
        place = self._core.shared.place_of(start)
        assert place is not None
        length = min(end, region.end) - start
        first, last = place >> 1, (place + length + 1) >> 1
        mark = (number << 1 | begins).to_bytes(4, "little")
        ffi.memmove(self._tables.functions + first, mark * (last - first), 4 * (last - first))

    # --- what the native part cannot see

    def _before_run(self) -> None:
        self._tables.block_size = 0

    def entered(self, number: int, frame: int) -> None:
        """See `ExceptionObserver`."""
        tables = self._tables
        lib.profile_settle(tables)
        depth = tables.depth
        if depth >= lib.MOST_FRAMES:
            # More exceptions at once than a Cortex-M7 has: nobody has left them, so they are gone.
            depth = 0
            tables.floor = 0
        tables.frames[depth] = (tables.floor, frame, tables.node)
        tables.depth = tables.floor = depth + 1
        tables.node = lib.profile_child(tables, 0, lib.ENTRY - number)
        tables.nodes[tables.node].calls += 1

    def left(self, frame: int, still_active: int) -> None:
        """See `ExceptionObserver`. Another frame than was interrupted is another thread's."""
        tables = self._tables
        lib.profile_settle(tables)
        interrupted = frame
        for _ in range(self._exceptions_on_stack() - still_active):
            saved = tables.frames[tables.floor - 1]
            tables.depth = tables.floor - 1
            tables.floor, interrupted, tables.node = saved.return_address, saved.stack_pointer, saved.caller
        if interrupted != frame and not still_active:
            self._switch_thread(interrupted, frame)

    def _exceptions_on_stack(self) -> int:
        count, floor = 0, self._tables.floor
        while floor:
            count += 1
            floor = self._tables.frames[floor - 1].return_address
        return count

    def _switch_thread(self, old: int, new: int) -> None:
        tables = self._tables
        used = ffi.buffer(tables.frames, tables.depth * ffi.sizeof("struct frame"))
        self._saved[old] = bytes(used), tables.node
        frames, node = self._saved.pop(new, (b"", 0))
        ffi.memmove(tables.frames, frames, len(frames))
        tables.depth = len(frames) // ffi.sizeof("struct frame")
        tables.node = node

    def reset(self) -> None:
        """See `ExceptionObserver`."""
        lib.profile_settle(self._tables)
        self._saved.clear()
        self._tables.node = self._tables.depth = self._tables.floor = 0

    # --- the result

    def profile(self) -> Profile:
        """What has been counted up to now; the core must stand still."""
        lib.profile_settle(self._tables)
        nodes = self._tables.nodes
        return Profile(
            tuple(
                CallPath(self._stack(number), node.cycles, node.waited, node.calls, self._stalls(node))
                for number, node in ((number, nodes[number]) for number in range(self._tables.node_count))
                if node.cycles or node.waited or node.calls
            ),
            is_complete=not self._tables.overflowed,
        )

    def _stalls(self, node: Any) -> Stalls | None:
        return Stalls(node.load_store, node.others) if self._core.events is not None else None

    def _stack(self, number: int) -> tuple[str, ...]:
        return tuple(reversed([*self._names_upwards(number)])) or ("(reset)",)

    def _names_upwards(self, number: int) -> Iterator[str]:
        while number:
            node = self._tables.nodes[number]
            function = node.function
            yield self._names[function] if function >= 0 else exception_name(lib.ENTRY - function)
            number = node.parent


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
