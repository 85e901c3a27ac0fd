"""The core as the debug registers see it."""

from collections.abc import Callable

from vstm32.board.state import CoreState
from vstm32.cortex_m import core_debug, core_registers
from vstm32.cortex_m.core import Core


class Debugged:
    """See `core_debug.DebuggedCore`."""

    def __init__(
        self, core: Core, state: CoreState, in_reset: Callable[[], bool], step: Callable[[], None]
    ) -> None:
        """`step` executes one instruction."""
        self._core = core
        self._state = state
        self._in_reset = in_reset
        self._step = step

    def debug_status(self) -> int:
        """See `core_debug.DebuggedCore`."""
        return (
            (core_debug.S_SLEEP if self._state.asleep else 0)
            | (core_debug.S_LOCKUP if self._state.locked_up else 0)
            | (core_debug.S_RESET_ST if self._in_reset() else 0)
        )

    def retired(self) -> int:
        """See `core_debug.DebuggedCore`."""
        return self._core.cycles

    def read_debug_register(self, selector: int) -> int:
        """See `core_debug.DebuggedCore`."""
        return core_registers.read_register(self._core, selector)

    def write_debug_register(self, selector: int, value: int) -> None:
        """See `core_debug.DebuggedCore`."""
        core_registers.write_register(self._core, selector, value)

    def stop_for_debugger(self) -> None:
        """See `core_debug.DebuggedCore`."""
        self._state.clear()
        self._core.request_stop()

    def step_for_debugger(self) -> None:
        """See `core_debug.DebuggedCore`."""
        self._step()
