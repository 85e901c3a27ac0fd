"""Faults: from what the core could not do to fault status, finding, and exception (PM0253 section 2.5).

A fault whose handler may not run becomes a HardFault, and one inside a HardFault a lockup.
"""

import contextlib
from collections.abc import Callable

from mcumatrix.vboard import memory_map
from mcumatrix.vboard.core import Core, Stop
from mcumatrix.vboard.exceptions import ExceptionNumber, ExceptionUnit, LockupError
from mcumatrix.vboard.findings import Direction, Finding, FindingKind
from mcumatrix.vboard.peripherals import scb
from mcumatrix.vboard.peripherals.scb import SystemControl

_FAULT_NAMES = {
    ExceptionNumber.HARD_FAULT: "HardFault",
    ExceptionNumber.MEM_MANAGE: "MemManage fault",
    ExceptionNumber.BUS_FAULT: "BusFault",
    ExceptionNumber.USAGE_FAULT: "UsageFault",
    ExceptionNumber.SVCALL: "SVCall",
    ExceptionNumber.NMI: "NMI",
}


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
        self._exceptions = exceptions
        self._scb = control
        self._report = report
        self._entered = entered

    def breakpoint(self) -> None:
        """BKPT with neither a debugger nor the debug monitor (Arm v7-M ARM, section C1.4.2)."""
        self._scb.record_hard_fault(scb.HFSR_DEBUGEVT)
        self.synchronous(ExceptionNumber.HARD_FAULT, "a BKPT instruction without a debugger")

    def usage_fault(self, status: int, what: str) -> None:
        self._scb.record_fault(status)
        self.synchronous(ExceptionNumber.USAGE_FAULT, what)

    def bus_fault(self, stop: Stop) -> None:
        program_counter = self._core.program_counter
        block = memory_map.block_name(stop.address)
        verb = {
            Direction.READ: "reads",
            Direction.WRITE: "writes",
            Direction.FETCH: "fetches an instruction from",
        }[stop.direction]
        region = memory_map.region_at(stop.address)
        why = "is not modelled by the virtual board"
        if block == "nothing":
            why = "is nowhere in the memory map of the STM32F746"
        elif region is not None:
            why = "cannot be written by the core"
            if region.storage is memory_map.Storage.FLASH:
                why = f"is read-only: flash is programmed at {memory_map.FLASH_BASE:#010x} and above"
        elif stop.direction is Direction.FETCH:
            why = "holds no code"
        sentence = (
            f"The instruction at {program_counter:#010x} {verb} {stop.address:#010x} "
            f"({block}, {stop.size_bytes} bytes), which {why}."
        )
        if stop.direction is Direction.FETCH:
            sentence = f"The core {verb} {stop.address:#010x} ({block}), which {why}."
        self._report(
            Finding(
                FindingKind.BUS_FAULT,
                stop.address,
                program_counter,
                stop.direction,
                stop.size_bytes,
                block,
                sentence,
            )
        )
        control = self._scb
        if stop.direction is not Direction.FETCH:
            control.record_fault(scb.PRECISERR, stop.address)
        elif memory_map.PERIPHERAL_BASE <= stop.address < 0x6000_0000 or stop.address >= 0xA000_0000:
            # Peripheral and system space is execute-never (PM0253 section 2.2.3).
            control.record_fault(scb.IACCVIOL)
            self.synchronous(ExceptionNumber.MEM_MANAGE, sentence)
            return
        else:
            control.record_fault(scb.IBUSERR)
        self.synchronous(ExceptionNumber.BUS_FAULT, sentence)

    def synchronous(self, number: ExceptionNumber, what: str) -> None:
        """Enters an exception that cannot wait; escalates to HardFault, and from there to lockup."""
        unit, core = self._exceptions, self._core
        if unit.can_take(number):
            unit.enter(number, core.program_counter)
            self._entered(number)
        elif unit.can_take(ExceptionNumber.HARD_FAULT):
            self._scb.record_hard_fault(scb.HFSR_FORCED)
            unit.enter(ExceptionNumber.HARD_FAULT, core.program_counter)
            self._entered(ExceptionNumber.HARD_FAULT)
        else:
            running = min(unit.active, key=unit.priority, default=None)
            where = "with FAULTMASK set" if running is None else f"inside the {self._name(running)} handler"
            raise LockupError(f"A {self._name(number)} came {where} ({what.rstrip('.')})")

    @staticmethod
    def _name(number: int) -> str:
        with contextlib.suppress(ValueError):
            return _FAULT_NAMES.get(ExceptionNumber(number), ExceptionNumber(number).name)
        return f"interrupt {number - 16}"
