"""Faults: from what the core could not do to fault status, finding, and exception (PM0253 section 2.5).

A fault whose handler may not run becomes a HardFault, and one inside a HardFault a lockup.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from vstm32.base.findings import Direction, Finding, FindingKind
from vstm32.base.memory_map import PERIPHERAL_SPACE, PPB_BASE, Storage
from vstm32.cortex_m import scb
from vstm32.cortex_m.core import Core, Stop, StopReason
from vstm32.cortex_m.exceptions import ExceptionNumber, ExceptionUnit, LockupError
from vstm32.cortex_m.fault_report import callers, status_text
from vstm32.cortex_m.scb import SystemControl

_FAULT_NAMES = {
    ExceptionNumber.HARD_FAULT: "HardFault",
    ExceptionNumber.MEM_MANAGE: "MemManage fault",
    ExceptionNumber.BUS_FAULT: "BusFault",
    ExceptionNumber.USAGE_FAULT: "UsageFault",
    ExceptionNumber.SVCALL: "SVCall",
    ExceptionNumber.PENDSV: "PendSV",
    ExceptionNumber.SYSTICK: "SysTick",
    ExceptionNumber.NMI: "NMI",
}


_KINDS = {FindingKind.USAGE_FAULT: "UsageFault", FindingKind.HARD_FAULT: "HardFault"}


def exception_name(number: int) -> str:
    """An exception for people: `HardFault`, `interrupt 71`."""
    with contextlib.suppress(ValueError):
        return _FAULT_NAMES.get(ExceptionNumber(number), ExceptionNumber(number).name)
    return f"interrupt {number - 16}"


class FaultUnit:
    """Raises synchronous exceptions of one core."""

    def __init__(
        self,
        core: Core,
        exceptions: ExceptionUnit,
        control: SystemControl,
        report: Callable[[Finding], None],
        entered: Callable[[int], None],
    ) -> None:
        """`entered` is told the number of a fault whose handler is about to run."""
        self._core = core
        self._map = core.memory.map
        self._exceptions = exceptions
        self._scb = control
        self._report = report
        self._entered = entered
        exceptions.stacking_failed = self._stacking_failed
        exceptions.vector_failed = lambda: control.record_hard_fault(scb.HFSR_VECTTBL)

    def breakpoint(self) -> None:
        """BKPT with neither a debugger nor the debug monitor (Arm v7-M ARM, section C1.4.2)."""
        self._scb.record_hard_fault(scb.HFSR_DEBUGEVT)
        what = "a BKPT instruction without a debugger"
        self._raise(ExceptionNumber.HARD_FAULT, self._of_instruction(FindingKind.HARD_FAULT, what), what)

    def supervisor_call(self) -> None:
        """SVC: a HardFault where its handler may not run."""
        if self._exceptions.can_take(ExceptionNumber.SVCALL):
            self._exceptions.enter(ExceptionNumber.SVCALL, self._core.program_counter)
            self._entered(ExceptionNumber.SVCALL)
        else:
            what = "an SVC instruction where SVCall may not interrupt what runs"
            self._raise(ExceptionNumber.SVCALL, self._of_instruction(FindingKind.HARD_FAULT, what), what)

    def usage_fault(self, status: int, what: str, chained_to: int | None = None) -> None:
        """`chained_to` is the EXC_RETURN of a return that failed: its frame stays on the stack."""
        self._scb.record_fault(status)
        finding = self._of_instruction(FindingKind.USAGE_FAULT, what)
        self._raise(ExceptionNumber.USAGE_FAULT, finding, what, chained_to)

    def _stacking_failed(self, number: int, address: int) -> int:
        """The frame of an exception has no room: the derived fault (Arm v7-M ARM, section B1.5.11)."""
        block = self._map.block_name(address)
        kind, status, fault = self._stack_fault(address, scb.STKERR, scb.MSTKERR)
        sentence = (
            f"The frame of exception {number} cannot be stored at {address:#010x} ({block}): "
            "the stack has overflown, or the stack pointer was never in RAM."
        )
        if fault is ExceptionNumber.MEM_MANAGE:
            sentence = f"The MPU does not let the frame of exception {number} be stored at {address:#010x}."
        self._scb.record_fault(status)
        self._report_with_status(self._of_access(address, Direction.WRITE, 32, sentence, kind), "")
        derived = self._exceptions.fault_or_hard_fault(fault)
        if derived is ExceptionNumber.HARD_FAULT:
            self._scb.record_hard_fault(scb.HFSR_FORCED)
            if self._exceptions.priority(number) <= self._exceptions.priority(derived):
                raise LockupError(sentence.rstrip("."))
        return derived

    def _stack_fault(
        self, address: int, bus_status: int, memory_status: int
    ) -> tuple[FindingKind, int, ExceptionNumber]:
        """Of a frame that cannot be stored or read: where there is RAM, the MPU was in the way."""
        region = self._map.region_at(address)
        if region is not None and region.writable:
            return FindingKind.PROTECTION, memory_status, ExceptionNumber.MEM_MANAGE
        return FindingKind.BUS_FAULT, bus_status, ExceptionNumber.BUS_FAULT

    def unstacking_failed(self, exc_return: int) -> None:
        """The frame of an exception return cannot be read: a fault is entered in its place."""
        core = self._core
        address = core.read_register(core.psp if exc_return & 4 else core.msp)
        sentence = (
            f"The frame of an exception return cannot be read at {address:#010x} "
            f"({self._map.block_name(address)})."
        )
        kind, status, fault = self._stack_fault(address, scb.UNSTKERR, scb.MUNSTKERR)
        self._scb.record_fault(status)
        finding = self._of_access(address, Direction.READ, 32, sentence, kind)
        self._raise(fault, finding, sentence, exc_return)

    def stack_floating_point(self) -> None:
        """The FPU registers of interrupted code are stacked now, before a handler uses the FPU."""
        floats = self._exceptions.frames.floating_point
        address = floats.address
        if not floats.save():
            sentence = (
                f"The FPU registers of interrupted code cannot be stored at {address:#010x} "
                f"({self._map.block_name(address)})."
            )
            kind, status, fault = self._stack_fault(address, scb.LSPERR, scb.MLSPERR)
            self._scb.record_fault(status)
            self._raise(fault, self._of_access(address, Direction.WRITE, 72, sentence, kind), sentence)

    def _of_access(
        self,
        address: int,
        direction: Direction,
        size_bytes: int,
        sentence: str,
        kind: FindingKind = FindingKind.BUS_FAULT,
    ) -> Finding:
        program_counter = self._core.program_counter
        block = self._map.block_name(address)
        return Finding(kind, address, program_counter, direction, size_bytes, block, sentence)

    def _of_instruction(self, kind: FindingKind, what: str) -> Finding:
        sentence = f"{_KINDS[kind]} at {self._core.program_counter:#010x}: {what.rstrip('.')}."
        return self._core.finding(kind, sentence)

    def access_fault(self, stop: Stop) -> None:
        """An access that the MPU or the bus refuses."""
        if stop.reason is StopReason.PROTECTION:
            self.protection_fault(stop)
        else:
            self.bus_fault(stop)

    def bus_fault(self, stop: Stop) -> None:
        program_counter = self._core.program_counter
        block = self._map.block_name(stop.address)
        verb = {
            Direction.READ: "reads",
            Direction.WRITE: "writes",
            Direction.FETCH: "fetches an instruction from",
        }[stop.direction]
        region = self._map.region_at(stop.address)
        why = "is not modelled by the virtual board"
        if block == "nothing":
            why = f"is nowhere in the memory map of the {self._core.chip.part}"
        elif closed := self._core.memory.why_closed(stop.address):
            why = f"does not answer: {closed}"
        elif region is not None and region.storage is Storage.SDRAM and stop.direction is Direction.FETCH:
            why = "is a device's without an MPU, and no code runs there on the virtual board in any case"
        elif region is not None:
            why = "cannot be written by the core"
            if region.storage is Storage.FLASH:
                why = f"is read-only: flash is programmed at {self._map.flash.base:#010x} and above"
        elif stop.direction is Direction.FETCH:
            why = "holds no code"
        elif stop.address >= PPB_BASE and not self._core.privileged:
            why = "only privileged code may access"
        sentence = (
            f"The instruction at {program_counter:#010x} {verb} {stop.address:#010x} "
            f"({block}, {stop.size_bytes} bytes), which {why}."
        )
        if stop.direction is Direction.FETCH:
            sentence = f"The core {verb} {stop.address:#010x} ({block}), which {why}."
        finding = self._of_access(stop.address, stop.direction, stop.size_bytes, sentence)
        control = self._scb
        if stop.direction is not Direction.FETCH:
            control.record_fault(scb.PRECISERR, stop.address)
        elif stop.address in PERIPHERAL_SPACE or stop.address >= 0xA000_0000:
            # Peripheral and system space is execute-never (PM0253 section 2.2.3).
            control.record_fault(scb.IACCVIOL)
            self._raise(ExceptionNumber.MEM_MANAGE, finding, sentence)
            return
        else:
            control.record_fault(scb.IBUSERR)
        self._raise(ExceptionNumber.BUS_FAULT, finding, sentence)

    def protection_fault(self, stop: Stop) -> None:
        """The MPU does not allow an access: MemManage (Arm v7-M ARM, section B3.5.3)."""
        program_counter = self._core.program_counter
        name = self._map.block_name(stop.address)
        if stop.direction is Direction.FETCH:
            sentence = f"The MPU lets no code run at {stop.address:#010x} ({name})."
            self._scb.record_fault(scb.IACCVIOL)
        else:
            verb = "read" if stop.direction is Direction.READ else "write"
            who = "privileged" if self._core.privileged else "unprivileged"
            sentence = (
                f"The MPU does not let the {who} instruction at {program_counter:#010x} {verb} "
                f"{stop.address:#010x} ({name}, {stop.size_bytes} bytes)."
            )
            self._scb.record_memory_fault(scb.DACCVIOL, stop.address)
        kind = FindingKind.PROTECTION
        finding = self._of_access(stop.address, stop.direction, stop.size_bytes, sentence, kind)
        self._raise(ExceptionNumber.MEM_MANAGE, finding, sentence)

    def _raise(
        self, number: ExceptionNumber, finding: Finding, what: str, chained_to: int | None = None
    ) -> None:
        """Enters a fault, which cannot wait; it escalates to HardFault, and from there to lockup."""
        unit, core = self._exceptions, self._core
        name = exception_name(number)
        if not unit.can_take(number):
            if not unit.can_take(ExceptionNumber.HARD_FAULT):
                self._report_with_status(finding, f"{name}: ")
                running = min(unit.active, key=unit.priority, default=None)
                where = (
                    "with FAULTMASK set"
                    if running is None
                    else f"inside the {exception_name(running)} handler"
                )
                raise LockupError(f"A {name} came {where} ({what.rstrip('.')})")
            number = ExceptionNumber.HARD_FAULT
            self._scb.record_hard_fault(scb.HFSR_FORCED)
            name = f"{name}, taken as a HardFault"
        self._report_with_status(finding, f"{name}: ")
        if chained_to is None:
            unit.enter(number, core.program_counter)
        else:
            unit.chain(number, chained_to)
        self._entered(number)

    def _report_with_status(self, finding: Finding, name: str) -> None:
        stack = tuple(f"{address:#010x}" for address in callers(self._core))
        self._report(replace(finding, status=f"{name}{status_text(self._scb)}.", stack=stack))
