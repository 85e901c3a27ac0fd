"""Exceptions of the Cortex-M7: which one runs next, entry, and return (PM0253 section 2.4).

Priorities, derived exceptions, tail-chaining and EXC_RETURN follow the Armv7-M Architecture Reference
Manual (section B1.5); frames.py has what is pushed and popped. What entry and return
cost is said by the timing model.

What is pending and active and which priorities hold is a struct that C shares: native/exceptions.c works
priorities out, and delivers what is plain while the core runs.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from vstm32.cortex_m.core import Core
from vstm32.cortex_m.exception_set import ExceptionSet
from vstm32.cortex_m.frames import (
    RETURN_TO_HANDLER,
    RETURN_TO_MSP,
    RETURN_TO_PSP,
    T_BIT,
    UNPRIVILEGED,
    Frames,
)
from vstm32.native.library import ffi, lib

TAIL_CHAIN_CYCLES = 6
"""At most, from one handler to the next. Published for the Cortex-M3 and M4, not for the M7."""


class ExceptionNumber(IntEnum):
    """System exceptions (PM0253 table 18); external interrupt n has number 16 + n."""

    NMI = lib.EXCEPTION_NMI
    HARD_FAULT = lib.EXCEPTION_HARD_FAULT
    MEM_MANAGE = lib.EXCEPTION_MEM_MANAGE
    BUS_FAULT = lib.EXCEPTION_BUS_FAULT
    USAGE_FAULT = 6
    SVCALL = lib.EXCEPTION_SVCALL
    DEBUG_MONITOR = 12
    PENDSV = lib.EXCEPTION_PENDSV
    SYSTICK = 15


_FIXED_PRIORITY = {1: -3, ExceptionNumber.NMI: -2, ExceptionNumber.HARD_FAULT: -1}
CONFIGURABLE_FAULTS = (ExceptionNumber.MEM_MANAGE, ExceptionNumber.BUS_FAULT, ExceptionNumber.USAGE_FAULT)


class LockupError(Exception):
    """The core cannot go on: a fault where no handler may run. Says why in one sentence."""


class InvalidReturnError(Exception):
    """An EXC_RETURN value that is not possible where it was used (UsageFault INVPC).

    `chained` tells that the frame is still on the stack: the fault handler gets this EXC_RETURN.
    """

    def __init__(self, sentence: str, *, chained: bool) -> None:
        super().__init__(sentence)
        self.chained = chained


class UnstackError(Exception):
    """The frame of an exception return cannot be read (BusFault UNSTKERR)."""


class ExceptionObserver(Protocol):
    """Somebody who follows what runs: a profiler."""

    def entered(self, number: int, frame: int) -> None:
        """An exception's handler is about to run; the frame of what it interrupts is at `frame`."""

    def left(self, frame: int, still_active: int) -> None:
        """What goes on has its frame at `frame`; so many exceptions are active after this."""

    def reset(self) -> None:
        """The core starts anew."""


class ExceptionUnit:
    """Pending, enabled and active exceptions, and the two ways between them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        shared = self._shared = core.state.exceptions
        self._pointer = ffi.addressof(shared)
        self.interrupts = core.chip.interrupts
        """How many interrupt lines there are."""
        self.pending = ExceptionSet(shared.pending)
        self.active = ExceptionSet(shared.active)
        self.enabled_faults = ExceptionSet(shared.faults)
        self.enabled_interrupts = ExceptionSet(shared.enabled, first=16)
        """By their own numbers."""
        self.lines = ExceptionSet(shared.lines)
        """Of which the line is high."""
        self.priorities = shared.priorities
        """What firmware has given to each exception, by its number."""
        self.frames = Frames(core)
        self.stacking_failed: Callable[[int, int], int] = self._no_memory
        """Told of an exception whose frame cannot be stored at an address; gives the fault that follows."""
        self.vector_failed: Callable[[], None] = lambda: None
        """Told that a vector cannot be read (HFSR.VECTTBL)."""
        self.observer: ExceptionObserver | None = None
        self.reset()

    @staticmethod
    def _no_memory(number: int, address: int) -> int:
        raise LockupError(f"The frame of exception {number} cannot be stored at {address:#010x}")

    def reset(self) -> None:
        """Nothing pending, active or enabled; all priorities zero."""
        natively, delivered = self._shared.natively, self._shared.delivered
        fpu_enabled, cycles = self._shared.fpu_enabled, self._shared.cycles
        ffi.memmove(self._pointer, bytes(ffi.sizeof("struct exceptions")), ffi.sizeof("struct exceptions"))
        self._shared.natively, self._shared.delivered = natively, delivered
        self._shared.fpu_enabled, self._shared.cycles = fpu_enabled, cycles
        self._shared.entry_cycles = self._core.timing.exception_cycles
        self._shared.chain_cycles = min(self._core.timing.exception_cycles, TAIL_CHAIN_CYCLES)
        self.frames.reset()
        self.event_when_pending = False
        """SCR.SEVONPEND: whatever becomes pending, enabled or not, is an event."""
        self.invalid_state = False
        """The core has left Thumb state by a vector or a frame: its next instruction is a UsageFault."""
        if self.observer is not None:
            self.observer.reset()

    @property
    def event(self) -> bool:
        """The event register that WFE looks at (Arm v7-M ARM, section B1.5.18)."""
        return bool(self._shared.event)

    @event.setter
    def event(self, value: bool) -> None:
        self._shared.event = value

    @property
    def thread_below_handlers(self) -> bool:
        """CCR.NONBASETHRDENA: a handler may return to Thread mode while others are active."""
        return bool(self._shared.thread_below_handlers)

    @thread_below_handlers.setter
    def thread_below_handlers(self, value: bool) -> None:
        self._shared.thread_below_handlers = value

    @property
    def interrupts_masked(self) -> bool:
        """A debugger steps with C_MASKINTS: PendSV, SysTick and external interrupts wait."""
        return bool(self._shared.interrupts_masked)

    @interrupts_masked.setter
    def interrupts_masked(self, value: bool) -> None:
        self._shared.interrupts_masked = value

    @property
    def sleeps_on_exit(self) -> bool:
        """SCR.SLEEPONEXIT: a return to Thread mode puts the core to sleep."""
        return bool(self._shared.sleeps_on_exit)

    @sleeps_on_exit.setter
    def sleeps_on_exit(self, value: bool) -> None:
        self._shared.sleeps_on_exit = value

    @property
    def priority_group(self) -> int:
        """AIRCR.PRIGROUP: so many low bits of a priority, and one more, say nothing of preemption."""
        return int(self._shared.priority_group)

    @priority_group.setter
    def priority_group(self, value: int) -> None:
        self._shared.priority_group = value

    @property
    def vector_table(self) -> int:
        """VTOR."""
        return int(self._shared.vector_table)

    @vector_table.setter
    def vector_table(self, value: int) -> None:
        self._shared.vector_table = value

    def deliver_natively(self, *, unprotected: bool) -> None:
        """Before a slice: C delivers what is plain, unless somebody follows it or the MPU has a say."""
        self._shared.natively = unprotected and self.observer is None

    @property
    def delivered_natively(self) -> int:
        """How many entries, changes of handler and returns C has done since power-on."""
        return int(self._shared.delivered)

    # --- what is pending

    def pend(self, number: int) -> None:
        """Makes an exception pending; it is taken before the next block at the latest."""
        self._note_pending({number})
        self.pending.add(number)
        self._core.request_look()

    def pend_interrupts(self, numbers: set[int]) -> None:
        """The same for several external interrupts at once (NVIC_ISPR)."""
        if numbers:
            self._note_pending(numbers)
            self.pending |= numbers
            self._core.request_look()

    def note_event(self) -> None:
        """A peripheral sends an event, which ends WFE."""
        self.event = True
        self._core.request_stop()

    def _note_pending(self, numbers: set[int]) -> None:
        if self.event_when_pending and numbers - self.pending:
            self.event = True

    def request_look(self) -> None:
        """Something about priorities or enables has changed: look again before the next block."""
        if self.pending:
            self._core.request_look()

    def set_line(self, interrupt: int, level: bool) -> None:
        """A peripheral's interrupt line: pending while it is high and not being served."""
        number = 16 + interrupt
        if level and number not in self.lines:
            self.lines.add(number)
            self.pend(number)
        elif not level:
            self.lines.discard(number)

    def is_enabled(self, number: int) -> bool:
        """Whether a pending exception may be taken at all."""
        return number < 16 or number - 16 in self.enabled_interrupts

    # --- priorities

    def priority(self, number: int) -> int:
        """Priority of an exception: fixed ones negative, else 0 (first) to 240."""
        fixed = _FIXED_PRIORITY.get(number)
        return int(self.priorities[number]) if fixed is None else fixed

    def _group(self, number: int) -> int:
        return int(lib.group_priority(self._pointer, number))

    def execution_priority(self) -> int:
        """Priority of what runs now, with PRIMASK, FAULTMASK and BASEPRI."""
        core = self._core
        registers = (core.basepri, core.primask, core.faultmask)
        return int(lib.execution_priority(self._pointer, *map(core.read_register, registers)))

    def best_pending(self) -> int | None:
        """The enabled pending exception that goes first, whether or not it may preempt."""
        number = int(lib.best_pending(self._pointer))
        return None if number < 0 else number

    def take_pending(self) -> bool:
        """Enters the first pending exception if it may preempt what runs."""
        if not self.pending:
            return False
        number = self.best_pending()
        if number is None:
            return False
        if not self.could_preempt(number):
            self._core.watch_unmask()
            return False
        self._core.forget_unmask()
        self.enter(number, self._core.program_counter)
        return True

    def wakes(self) -> bool:
        """Whether WFI ends: something pending would be taken if PRIMASK were clear (B1.5.19)."""
        number = self.best_pending()
        return number is not None and self.could_wake(number)

    def could_wake(self, number: int) -> bool:
        """Whether an exception would end WFI, were it pending and enabled."""
        base = self._core.read_register(self._core.basepri)
        return self._group(number) < int(lib.priority_of_handlers(self._pointer, base))

    def could_preempt(self, number: int) -> bool:
        """Whether an exception would be taken now, were it pending and enabled."""
        return self._group(number) < self.execution_priority()

    def can_take(self, number: int) -> bool:
        """Whether a synchronous exception may be taken now, else it becomes a HardFault."""
        if number in CONFIGURABLE_FAULTS and number not in self.enabled_faults:
            return False
        return self.could_preempt(number)

    def fault_or_hard_fault(self, number: ExceptionNumber) -> ExceptionNumber:
        """The fault itself, or HardFault if its handler may not run now."""
        return number if self.can_take(number) else ExceptionNumber.HARD_FAULT

    # --- entry and return

    def enter(self, number: int, return_address: int) -> None:
        """Pushes the frame and goes to the handler (Arm v7-M ARM, section B1.5.6).

        Where the frame cannot be stored, the fault that says so is derived: the one of the two with the
        higher priority is entered, the other stays pending (section B1.5.11).
        """
        core = self._core
        pushed = self.frames.push(return_address, self._ready_bits())
        if pushed.failed_at is not None:
            derived = self.stacking_failed(number, pushed.failed_at)
            self.pending |= {number, derived}
            number = min(number, derived, key=lambda each: (self.priority(each), each))
        self._take(number, pushed.exc_return, core.timing.exception_cycles)

    def chain(self, number: int, exc_return: int) -> None:
        """Goes to a handler whose frame is on the stack already: nothing is popped or pushed."""
        if self.observer is not None:
            self.observer.left(self._frame_address(exc_return), len(self.active))
        self._take(number, exc_return, int(self._shared.chain_cycles))

    def _frame_address(self, exc_return: int) -> int:
        """Where the frame lies that EXC_RETURN names."""
        core = self._core
        return core.read_register(core.psp if exc_return & 0xF == RETURN_TO_PSP else core.msp) & ~3

    def _take(self, number: int, exc_return: int, cycles: int) -> None:
        """ExceptionTaken() of section B1.5.6, which takes so many cycles."""
        core = self._core
        frame = self._frame_address(exc_return)
        vector = self._vector(number)
        if vector is None:
            self.vector_failed()
            if self.priority(number) <= self.priority(ExceptionNumber.HARD_FAULT):
                raise LockupError(self._no_vector(number))
            self.pending.add(number)
            number = ExceptionNumber.HARD_FAULT
            vector = self._vector(number)
            if vector is None:
                raise LockupError(self._no_vector(number))
        self.active.add(number)
        self.pending.discard(number)
        # IPSR switches to the main stack; then SPSEL and FPCA are cleared (section B1.5.6).
        core.write_register(core.xpsr, core.read_register(core.xpsr) & 0xF80F_0000 | T_BIT | number)
        core.write_register(core.control, core.read_register(core.control) & UNPRIVILEGED)
        core.write_register(core.lr, exc_return)
        core.program_counter = vector & ~1
        self.event = True
        self.invalid_state = not vector & 1
        if self.observer is not None:
            self.observer.entered(number, frame)
        core.spend_cycles(cycles)

    def _vector(self, number: int) -> int | None:
        words = self._core.memory.read_words(self.vector_table + 4 * number, 1)
        return None if words is None else words[0]

    def _no_vector(self, number: int) -> str:
        return f"The vector of exception {number} cannot be read: VTOR is {self.vector_table:#010x}"

    def _ready_bits(self) -> int:
        """HFRDY, MMRDY and BFRDY of FPCCR: the faults that could be taken now (section B3.2.21)."""
        bits = {ExceptionNumber.HARD_FAULT: 4, ExceptionNumber.MEM_MANAGE: 5, ExceptionNumber.BUS_FAULT: 6}
        return sum(1 << bit for number, bit in bits.items() if self.can_take(number))

    def leave(self, exc_return: int) -> None:
        """Ends the handler that runs (Arm v7-M ARM, section B1.5.8).

        If a pending exception would preempt what is returned to, it is entered at once: tail-chaining.
        Raises InvalidReturnError for an illegal EXC_RETURN, UnstackError when the frame is not in memory.
        """
        core = self._core
        number = core.read_register(core.xpsr) & 0x1FF
        was_active = number in self.active
        self.active.discard(number)
        others = self.active
        kind = exc_return & 0xF
        to_thread = kind in (RETURN_TO_MSP, RETURN_TO_PSP) and (not others or self.thread_below_handlers)
        legal = exc_return >> 5 == 0x7FF_FFFF and (to_thread or (kind == RETURN_TO_HANDLER and others))
        if not legal or not was_active:
            raise InvalidReturnError(
                f"{exc_return:#010x} is no exception return that is possible here", chained=True
            )
        if number != ExceptionNumber.NMI:
            core.write_register(core.faultmask, 0)
        self.event = True
        # A line that is still high asks again.
        if number in self.lines:
            self.pend(number)
        following = self.best_pending()
        if following is not None and self.could_preempt(following):
            self.chain(following, exc_return)
            return
        frame = self._frame_address(exc_return)
        if not self.frames.pop(exc_return):
            raise UnstackError("the frame of an exception return is not in memory")
        core.spend_cycles(core.timing.exception_cycles)
        if self.observer is not None:
            self.observer.left(frame, len(self.active))
        self.invalid_state = not self.frames.popped_thumb
        if bool(self.frames.popped_exception) == bool(to_thread):
            # The frame's IPSR and EXC_RETURN do not agree.
            core.write_register(
                core.xpsr,
                core.read_register(core.xpsr) & ~0x1FF | (0 if to_thread else min(others, key=self.priority)),
            )
            raise InvalidReturnError(
                f"The frame that was popped is one of exception {self.frames.popped_exception}, "
                f"which does not go with {exc_return:#010x}",
                chained=False,
            )
