"""Exceptions of the Cortex-M7: which one runs next, entry, and return (PM0253 section 2.4).

Priorities, stacking and EXC_RETURN follow the Armv7-M Architecture Reference Manual (section B1.5).
The floating-point context is stacked at entry (lazy stacking is modelled as eager). What entry and
return cost is said by the timing model.
"""

from enum import IntEnum
from typing import Protocol

from mcumatrix.vboard.core import Core

INTERRUPTS = 98  # interrupt lines of the STM32F746 (RM0385 section 10.1.1)

_T_BIT = 1 << 24
_STACK_ALIGNED = 1 << 9
_FP_ACTIVE, _USE_PSP, _UNPRIVILEGED = 1 << 2, 1 << 1, 1 << 0
_LOWEST = 256


class ExceptionNumber(IntEnum):
    """System exceptions (PM0253 table 18); external interrupt n has number 16 + n."""

    NMI = 2
    HARD_FAULT = 3
    MEM_MANAGE = 4
    BUS_FAULT = 5
    USAGE_FAULT = 6
    SVCALL = 11
    DEBUG_MONITOR = 12
    PENDSV = 14
    SYSTICK = 15


_FIXED_PRIORITY = {1: -3, ExceptionNumber.NMI: -2, ExceptionNumber.HARD_FAULT: -1}
CONFIGURABLE_FAULTS = (ExceptionNumber.MEM_MANAGE, ExceptionNumber.BUS_FAULT, ExceptionNumber.USAGE_FAULT)


class LockupError(Exception):
    """The core cannot go on: a fault where no handler may run. Says why in one sentence."""


class InvalidReturnError(Exception):
    """An EXC_RETURN value that is not possible where it was used (UsageFault INVPC)."""


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
        self.observer: ExceptionObserver | None = None
        self.reset()

    def reset(self) -> None:
        """Nothing pending, active or enabled; all priorities zero."""
        self.pending: set[int] = set()
        self.active: set[int] = set()
        self.enabled_faults: set[int] = set()
        self.enabled_interrupts: set[int] = set()
        self.lines: set[int] = set()
        self.priorities: dict[int, int] = {}
        self.priority_group = 0
        self.vector_table = 0
        if self.observer is not None:
            self.observer.reset()

    # --- what is pending

    def pend(self, number: int) -> None:
        """Makes an exception pending; it is taken before the next block at the latest."""
        self.pending.add(number)
        self._core.request_stop()

    def request_look(self) -> None:
        """Something about priorities or enables has changed: look again before the next block."""
        if self.pending:
            self._core.request_stop()

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
        return _FIXED_PRIORITY.get(number, self.priorities.get(number, 0))

    def _group(self, priority: int) -> int:
        """Only the group part of a priority decides on preemption (AIRCR.PRIGROUP)."""
        return priority if priority < 0 else priority & (0xFF << (self.priority_group + 1))

    def execution_priority(self) -> int:
        """Priority of what runs now, with PRIMASK, FAULTMASK and BASEPRI."""
        core = self._core
        current = min((self._group(self.priority(number)) for number in self.active), default=_LOWEST)
        base = core.read_register(core.basepri) & 0xFF
        if base:
            current = min(current, self._group(base))
        if core.read_register(core.primask) & 1:
            current = min(current, 0)
        if core.read_register(core.faultmask) & 1:
            current = min(current, -1)
        return current

    def best_pending(self) -> int | None:
        """The enabled pending exception that goes first, whether or not it may preempt."""
        ready = [number for number in self.pending if self.is_enabled(number)]
        return min(ready, key=lambda number: (self.priority(number), number), default=None)

    def take_pending(self) -> bool:
        """Enters the first pending exception if it may preempt what runs."""
        if not self.pending:
            return False
        number = self.best_pending()
        if number is None:
            return False
        if self._group(self.priority(number)) >= self.execution_priority():
            self._core.watch_unmask()
            return False
        self._core.forget_unmask()
        self.enter(number, self._core.program_counter)
        return True

    def wakes(self) -> bool:
        """Whether WFI ends: something pending would be taken if PRIMASK were clear (B1.5.19)."""
        number = self.best_pending()
        if number is None:
            return False
        core = self._core
        current = min((self._group(self.priority(each)) for each in self.active), default=_LOWEST)
        base = core.read_register(core.basepri) & 0xFF
        if base:
            current = min(current, self._group(base))
        return self._group(self.priority(number)) < current

    def can_take(self, number: int) -> bool:
        """Whether a synchronous exception may be taken now, else it becomes a HardFault."""
        if number in CONFIGURABLE_FAULTS and number not in self.enabled_faults:
            return False
        return self._group(self.priority(number)) < self.execution_priority()

    # --- entry and return

    def enter(self, number: int, return_address: int) -> None:
        """Pushes the frame and goes to the handler (Arm v7-M ARM, section B1.5.6).

        Raises LockupError when the frame or the vector is not in memory.
        """
        core = self._core
        control = core.read_register(core.control)
        xpsr = core.read_register(core.xpsr)
        handler_mode = bool(self.active)
        on_psp = bool(control & _USE_PSP) and not handler_mode
        with_fp = bool(control & _FP_ACTIVE)
        stack = core.read_register(core.sp)
        padded = bool(stack & 4)
        frame = (stack - (0x68 if with_fp else 0x20)) & ~7
        words = [core.read_register(register) for register in core.caller_saved]
        words += [return_address & ~1, xpsr & ~_STACK_ALIGNED | (_STACK_ALIGNED if padded else 0) | _T_BIT]
        if with_fp:
            words += [core.read_register(register) for register in core.s[:16]]
            words += [core.read_register(core.fpscr), 0]
        if not core.memory.write_words(frame & 0xFFFF_FFFF, tuple(word & 0xFFFF_FFFF for word in words)):
            raise LockupError(
                f"The stack pointer {stack:#010x} is not in RAM, so exception {number} cannot be entered"
            )
        vector = self._vector(number)
        core.write_register(core.sp, frame)
        exc_return = 0xFFFF_FFE1 | (0 if with_fp else 0x10)
        if not handler_mode:
            exc_return |= 0xC if on_psp else 0x8
        self.active.add(number)
        self.pending.discard(number)
        # IPSR switches to the main stack; then SPSEL and FPCA are cleared (section B1.5.6).
        core.write_register(core.xpsr, xpsr & 0xF80F_0000 | _T_BIT | number)
        core.write_register(core.control, control & _UNPRIVILEGED)
        core.write_register(core.lr, exc_return)
        core.program_counter = vector & ~1
        if self.observer is not None:
            self.observer.entered(number, frame)
        core.spend_cycles(core.timing.exception_cycles)

    def _vector(self, number: int) -> int:
        words = self._core.memory.read_words(self.vector_table + 4 * number, 1)
        if words is None:
            raise LockupError(
                f"The vector of exception {number} cannot be read: VTOR is {self.vector_table:#010x}"
            )
        if not words[0] & 1:
            raise LockupError(
                f"The vector of exception {number} is {words[0]:#010x}, which is not a Thumb address"
            )
        return words[0]

    def leave(self, exc_return: int) -> None:
        """Pops the frame that EXC_RETURN names (Arm v7-M ARM, section B1.5.8).

        Raises InvalidReturnError for an illegal EXC_RETURN, LockupError when the frame is not in memory.
        """
        core = self._core
        number = core.read_register(core.xpsr) & 0x1FF
        others = self.active - {number}
        kind = exc_return & 0xF
        legal = exc_return >> 5 == 0x7FF_FFFF and (kind == 1 if others else kind in (0x9, 0xD))
        if not legal or number not in self.active:
            self.active = others
            raise InvalidReturnError(f"{exc_return:#010x} is no exception return that is possible here")
        if number != ExceptionNumber.NMI:
            core.write_register(core.faultmask, 0)
        self.active = others
        with_fp = not exc_return & 0x10
        frame = core.read_register(core.psp if kind == 0xD else core.msp) & ~3
        words = core.memory.read_words(frame, 26 if with_fp else 8)
        if words is None:
            raise LockupError(f"The stack frame at {frame:#010x} cannot be read back")
        xpsr = words[7]
        stack = (frame + (0x68 if with_fp else 0x20)) | (4 if xpsr & _STACK_ALIGNED else 0)
        control = core.read_register(core.control) & _UNPRIVILEGED
        if with_fp:
            for register, value in zip(core.s[:16], words[8:24], strict=True):
                core.write_register(register, value)
            core.write_register(core.fpscr, words[24])
        for register, value in zip(core.caller_saved, words[:6], strict=True):
            core.write_register(register, value)
        # CONTROL first: an unprivileged thread could not be given its stack any more.
        core.write_register(
            core.control, control | (_USE_PSP if kind == 0xD else 0) | (_FP_ACTIVE if with_fp else 0)
        )
        core.write_register(core.xpsr, xpsr & ~_STACK_ALIGNED | _T_BIT)
        core.write_register(core.sp, stack)
        core.program_counter = words[6] & ~1
        core.spend_cycles(core.timing.exception_cycles)
        if self.observer is not None:
            self.observer.left(frame, len(self.active))
        # A line that is still high asks again.
        if number in self.lines:
            self.pend(number)
