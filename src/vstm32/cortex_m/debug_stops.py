"""Breakpoints and watchpoints of the core, as hooks of Unicorn."""

from collections.abc import Callable
from typing import Any

from vstm32.cortex_m.watchpoints import Watchpoint


class DebugStops:
    """Breakpoints and watchpoints that are wanted, and those that Unicorn has."""

    def __init__(self, engine: Any, request_stop: Callable[[], None]) -> None:
        """`request_stop` ends the slice before the next block."""
        import unicorn

        self._unicorn = unicorn
        self._engine = engine
        self._request_stop = request_stop
        self._breakpoints: dict[int, int] = {}
        self._wanted_breakpoints: frozenset[int] = frozenset()
        self.breakpoint_hit: int | None = None
        """Where the last slice stopped at a breakpoint."""
        self._watchpoints: dict[Watchpoint, int] = {}
        self._wanted_watchpoints: frozenset[Watchpoint] = frozenset()
        self.watchpoint_hit: int | None = None
        """The comparator whose data were accessed in the last slice, until somebody takes note."""

    @property
    def any_wanted(self) -> bool:
        """Whether the core may stop for a debugger."""
        return bool(self._wanted_breakpoints or self._wanted_watchpoints)

    def place(self) -> None:
        """Makes what is wanted so. Never inside a callback of Unicorn: translated blocks are dropped."""
        self._place_breakpoints()
        self._place_watchpoints()

    def set_breakpoints(self, addresses: frozenset[int]) -> None:
        """Instructions before which the core stops; takes effect when it is let go the next time."""
        self._wanted_breakpoints = addresses

    def set_watchpoints(self, watchpoints: frozenset[Watchpoint]) -> None:
        """Data of which an access ends the slice after its block; takes effect as breakpoints do."""
        self._wanted_watchpoints = watchpoints

    def _place_watchpoints(self) -> None:
        if self._wanted_watchpoints == self._watchpoints.keys():
            return
        for watchpoint in self._watchpoints.keys() - self._wanted_watchpoints:
            self._engine.hook_del(self._watchpoints.pop(watchpoint))
        unicorn = self._unicorn
        for watchpoint in self._wanted_watchpoints - self._watchpoints.keys():
            kinds = (unicorn.UC_HOOK_MEM_READ if watchpoint.reads else 0) | (
                unicorn.UC_HOOK_MEM_WRITE if watchpoint.writes else 0
            )
            last = watchpoint.address + watchpoint.size_bytes - 1
            self._watchpoints[watchpoint] = self._engine.hook_add(
                kinds, self._on_watched, watchpoint.comparator, watchpoint.address, last
            )
        self._engine.ctl_flush_tb()

    def _on_watched(
        self, _engine: Any, _kind: int, _at: int, _size: int, _value: int, comparator: int
    ) -> None:
        self.watchpoint_hit = comparator
        self._request_stop()

    def _place_breakpoints(self) -> None:
        """Never inside a callback of Unicorn: there the translated blocks must not be dropped."""
        if self._wanted_breakpoints == self._breakpoints.keys():
            return
        for address in self._breakpoints.keys() - self._wanted_breakpoints:
            self._engine.hook_del(self._breakpoints.pop(address))
        for address in self._wanted_breakpoints - self._breakpoints.keys():
            self._breakpoints[address] = self._engine.hook_add(
                self._unicorn.UC_HOOK_CODE, self.on_breakpoint, None, address, address
            )
        self._engine.ctl_flush_tb()

    def on_breakpoint(self, engine: Any, address: int, _size: int, _data: Any) -> None:
        self.breakpoint_hit = address
        engine.emu_stop()
