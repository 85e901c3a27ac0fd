"""Slice by slice through virtual time: instructions, alarms, sleep, waiting for the host.

A slice runs natively until an alarm is due or something has to be decided; then alarms fire, exceptions are
entered, and it goes on. Time is virtual: only instructions, waiting and sleeping make it pass, never a wall
clock.
"""

from vstm32.board.host_wait import LONGEST_WAIT_SECONDS, HostWait
from vstm32.board.reset import Reset
from vstm32.board.state import CoreState
from vstm32.board.stops import Stops
from vstm32.cortex_m.core import StopReason
from vstm32.cortex_m.exceptions import LockupError
from vstm32.stm32.system import System

_SLICE_CYCLES = 500_000
# What a core gets for itself while a debugger waits: some tens of microseconds of wall time.
_SHORT_SLICE_CYCLES = 20_000


class RunLoop:
    """Runs the core for a slice or for one instruction."""

    def __init__(self, system: System, state: CoreState, reset: Reset, stops: Stops, host: HostWait) -> None:
        self._core = system.core
        self._system = system
        self._state = state
        self._reset = reset
        self._stops = stops
        self._host = host
        self.is_to_end = False
        """Whether no slice is to begin any more."""
        self.steps = False
        """Whether it executes one instruction for a debugger."""

    def run_slice(self, end: int | None) -> None:
        """Runs up to `end`, in cycles since power-on, or until something wants attention."""
        core, system = self._core, self._system
        core.clear_stop()
        # After that, or a stop that comes between the two would be lost.
        if self.is_to_end:
            return
        try:
            self._reset.carry_out_wanted()
            system.clock.fire_due()
            if self._state.asleep:
                self._sleep()
                return
            system.exceptions.take_pending()
            if self._stops.leaves_thumb():
                return
            system.protection.apply()
            system.exceptions.deliver_natively(unprotected=system.protection.is_off)
            slice_end = core.cycles + _SLICE_CYCLES
            if end is not None:
                slice_end = min(slice_end, end)
            self._stops.decide(core.run(slice_end, system.clock.next_alarm()))
        except LockupError as error:
            self._reset.lock_up(str(error))
        system.flush_usarts()
        for usart in system.usarts.values():
            usart.admit_while_busy()

    def step(self) -> None:
        """Executes one instruction for a debugger."""
        core, system, stops = self._core, self._system, self._stops
        core.clear_stop()
        exceptions = system.exceptions
        self.steps = True
        try:
            system.clock.fire_due()
            exceptions.interrupts_masked = system.debug.masks_interrupts
            exceptions.take_pending()
            system.protection.apply()
            stop = None if stops.leaves_thumb() else core.step()
            if stop is not None and stop.reason is StopReason.LAZY_STACKING:
                stops.decide(stop)
                stop = core.step()
            if stop is not None:
                stops.decide(stop)
        except LockupError as error:
            self._reset.lock_up(str(error))
        finally:
            self.steps = False
            exceptions.interrupts_masked = False

    def hurry(self) -> None:
        """Ends the slice that runs soon."""
        self._core.hurry(self._core.cycles + _SHORT_SLICE_CYCLES)

    def _sleep(self) -> None:
        """WFI: virtual time jumps to the next event; the host may be that event.

        WFE goes on after the next event of any kind: waking without a reason of its own is allowed
        (Arm v7-M ARM, section B1.5.18).
        """
        system, state = self._system, self._state
        if system.exceptions.wakes() or (state.awaits_event and system.exceptions.event):
            state.asleep = state.awaits_event = False
            system.exceptions.event = False
            return
        if state.awaits_event:
            state.asleep = state.awaits_event = False
        listeners = [usart for usart in system.usarts.values() if usart.awaits_interrupt]
        system.flush_usarts()
        for usart in listeners:
            usart.admit()
        due = system.clock.next_alarm()
        hears = any(usart.hears for usart in listeners)
        if due is None or (listeners and not hears):
            wait = LONGEST_WAIT_SECONDS
            if due is not None:
                now = self._core.cycles
                wait = min(wait, (due - now) / system.core_clock_hz)
                due = min(due, now + int(wait * system.core_clock_hz) + 1)
            passes = self._host.wait(wait)
            for usart in listeners:
                usart.admit()
            if any(usart.hears for usart in listeners) or (listeners and not passes):
                return
        if due is not None:
            fell_asleep = self._core.cycles
            system.clock.skip_to(due)
            self._core.slept_cycles += self._core.cycles - fell_asleep
