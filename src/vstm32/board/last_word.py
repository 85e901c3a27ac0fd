"""Whether anything will happen on a board any more by itself: a firmware may have said its last word."""

from collections.abc import Callable, Iterable
from enum import Enum, auto

from vstm32.base.findings import Finding, FindingKind
from vstm32.board.state import CoreState
from vstm32.cortex_m.exceptions import ExceptionNumber
from vstm32.cortex_m.faults import exception_name
from vstm32.stm32.system import System

_NOPS = (0xBF00, 0xBF10)  # NOP, YIELD
_LONGEST_LOOP_BYTES = 16
_WIDE_BRANCH_TO_ITSELF = (0xF7FF, 0xBFFE)


class Prospect(Enum):
    """What is to be expected of a board to which nobody does anything."""

    GOES_ON = auto()
    ENDED = auto()
    """It does nothing, and no interrupt will come that could change that."""
    STUCK = auto()
    """The same where no firmware ends on purpose: in a handler, or in a poll that cannot end."""


class LastWord:
    """Looks at the core between two slices."""

    def __init__(self, system: System, state: CoreState, report: Callable[[Finding], None]) -> None:
        self._system = system
        self._core = system.core
        self._state = state
        self._report = report
        self._said: Finding | None = None

    def begin_anew(self) -> None:
        """Another run begins: what was said is to be said again."""
        self._said = None

    def prospect(self) -> Prospect:
        """What is to be expected. That the core stays in a handler for ever is reported."""
        exceptions, state = self._system.exceptions, self._state
        usarts = self._system.usarts.values()
        if any(usart.is_sending for usart in usarts):
            return Prospect.GOES_ON
        polls_in_vain = not state.asleep and any(usart.is_stuck for usart in usarts)
        if state.asleep:
            may_come = exceptions.could_wake
        elif polls_in_vain or self._is_in_empty_loop(self._core.program_counter):
            may_come = exceptions.could_preempt
        else:
            return Prospect.GOES_ON
        if any(map(may_come, self._coming())) or self._system.iwdg.bites_at is not None:
            return Prospect.GOES_ON
        if exceptions.active:
            self._report_handler(min(exceptions.active, key=exceptions.priority))
            return Prospect.STUCK
        return Prospect.STUCK if polls_in_vain else Prospect.ENDED

    def _coming(self) -> Iterable[int]:
        """The exceptions that something may still ask for."""
        system, exceptions = self._system, self._system.exceptions
        yield from filter(exceptions.is_enabled, exceptions.pending)
        if system.systick.interrupts:
            yield ExceptionNumber.SYSTICK
        # Which alarm and which line belong to which interrupt is not asked: any may raise any.
        if (
            system.clock.next_alarm() is not None
            or system.exti.awaits_pin
            or any(usart.awaits_interrupt for usart in system.usarts.values())
        ):
            yield from (16 + interrupt for interrupt in exceptions.enabled_interrupts)

    def _is_in_empty_loop(self, address: int) -> bool:
        """Whether what runs here is a branch to itself, with nothing but NOPs in between."""
        code = self._core.memory.read(address, _LONGEST_LOOP_BYTES)
        if code is None:
            return False
        halves = [int.from_bytes(code[at : at + 2], "little") for at in range(0, len(code), 2)]
        if tuple(halves[:2]) == _WIDE_BRANCH_TO_ITSELF:
            return True
        count = next((number for number, half in enumerate(halves) if half not in _NOPS), None)
        if count is None or halves[count] >> 11 != 0b11100:
            return False
        # B, encoding T2: from the address of the branch plus 4, a signed number of halfwords.
        offset = halves[count] & 0x7FF
        target = count + 2 + offset - (0x800 if offset & 0x400 else 0)
        return 0 <= target <= count

    def _report_handler(self, number: int) -> None:
        address = self._core.program_counter
        does = "sleeps" if self._state.asleep else "loops"
        sentence = (
            f"The {exception_name(number)} handler {does} at {address:#010x} for ever, and nothing can "
            "interrupt it."
        )
        finding = self._core.finding(FindingKind.LOOP, sentence)
        if finding != self._said:
            self._said = finding
            self._report(finding)
