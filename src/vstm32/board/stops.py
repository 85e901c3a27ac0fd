"""Why the core has stopped, and what becomes of it: faults, exceptions, sleep, a halt for a debugger."""

from collections.abc import Callable

from vstm32.base.findings import Direction, Finding
from vstm32.board.state import CoreState
from vstm32.cortex_m import core_debug, scb
from vstm32.cortex_m.core import Core, Stop, StopReason
from vstm32.cortex_m.exceptions import InvalidReturnError, UnstackError
from vstm32.cortex_m.faults import FaultUnit
from vstm32.stm32.system import System

_USAGE_FAULTS = {
    StopReason.UNDEFINED: (scb.UNDEFINSTR, "an undefined instruction"),
    StopReason.INVALID_STATE: (scb.INVSTATE, "a branch to an even address, which is not Thumb code"),
    StopReason.DIVISION_BY_ZERO: (scb.DIVBYZERO, "a division by zero while CCR.DIV_0_TRP is set"),
    StopReason.UNALIGNED: (
        scb.UNALIGNED,
        "an access that is not aligned, to memory of a device: the MPU does not make it normal",
    ),
    StopReason.NO_COPROCESSOR: (scb.NOCP, "a floating-point instruction while CPACR keeps the FPU off"),
}


class Stops:
    """Turns what Unicorn could not do by itself into what the architecture does then."""

    def __init__(
        self, core: Core, system: System, state: CoreState, report: Callable[[Finding], None]
    ) -> None:
        self._core = core
        self._system = system
        self._state = state
        self._faults = FaultUnit(core, system.exceptions, system.scb, report, self._fault_entered)

    def decide(self, stop: Stop) -> None:
        """What follows from a stop. Raises LockupError."""
        core = self._core
        if stop.reason is StopReason.SLEEP:
            self._state.asleep = True
        elif stop.reason is StopReason.WAIT_FOR_EVENT:
            self._wait_for_event()
        elif stop.reason is StopReason.LAZY_STACKING:
            self._faults.stack_floating_point()
        elif stop.reason is StopReason.SVC:
            self._faults.supervisor_call()
        elif stop.reason is StopReason.EXCEPTION_RETURN:
            self._exception_return(core.program_counter | 1)
        elif stop.reason is StopReason.BREAKPOINT:
            if self._system.debug.enabled:
                self._system.debug.halt(core_debug.DFSR_BKPT)
            else:
                self._faults.breakpoint()
        elif stop.reason in (StopReason.BUS_FAULT, StopReason.PROTECTION):
            self._faults.access_fault(stop)
        elif stop.reason in _USAGE_FAULTS:
            self._faults.usage_fault(*_USAGE_FAULTS[stop.reason])
        watched, core.stops.watchpoint_hit = core.stops.watchpoint_hit, None
        if watched is not None:
            self._system.watchpoints.matched(watched)
            if self._system.debug.enabled:
                self._system.debug.halt(core_debug.DFSR_DWTTRAP)

    def leaves_thumb(self) -> bool:
        """A vector or a popped frame has cleared the T bit: the next instruction is a UsageFault."""
        exceptions = self._system.exceptions
        if not exceptions.invalid_state:
            return False
        exceptions.invalid_state = False
        self._faults.usage_fault(
            scb.INVSTATE, "a vector or a stack frame without the Thumb bit, which is not Thumb code"
        )
        return True

    def _wait_for_event(self) -> None:
        """WFE: goes on at once after an event, else sleeps."""
        exceptions = self._system.exceptions
        state = self._state
        state.asleep = state.awaits_event = not (exceptions.event or self._core.follows_sev())
        exceptions.event = False

    def _exception_return(self, value: int) -> None:
        """EXC_RETURN has its meaning in Handler mode only; in Thread mode it is a bad address."""
        exceptions = self._system.exceptions
        if not exceptions.active:
            self._faults.bus_fault(Stop(StopReason.BUS_FAULT, value & ~1, Direction.FETCH, 2))
            return
        try:
            exceptions.leave(value)
        except InvalidReturnError as error:
            self._faults.usage_fault(scb.INVPC, str(error), value if error.chained else None)
        except UnstackError:
            self._faults.unstacking_failed(value)
        else:
            # SLEEPONEXIT: back in Thread mode the core sleeps as with WFI (PM0253 section 2.6.1).
            self._state.asleep = exceptions.sleeps_on_exit and not exceptions.active

    def _fault_entered(self, number: int) -> None:
        """A fault handler is about to run: a debugger may have caught its vector (DEMCR)."""
        if self._system.debug.catches(core_debug.VECTOR_CATCHES.get(number, 0)):
            self._system.debug.halt(core_debug.DFSR_VCATCH)
