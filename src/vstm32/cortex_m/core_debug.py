"""Core debug registers and the device id (Arm v7-M ARM, section C1.6; RM0385 and RM0410 section 40.6).

What firmware may do here is little: DEMCR.TRCENA switches the trace blocks on. A debugger writes through
`debugger_write`: DHCSR halts, steps and lets go, DCRSR and DCRDR move core registers, DEMCR catches vectors.
The registers are reset by power-on only, so that a debugger can hold a core through a system reset.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from vstm32.base.chip import Chip
from vstm32.base.registers import Register, RegisterBlock

DHCSR, DCRSR, DCRDR, DEMCR = 0x0, 0x4, 0x8, 0xC

C_DEBUGEN, C_HALT, C_STEP, C_MASKINTS = 1 << 0, 1 << 1, 1 << 2, 1 << 3
S_REGRDY, S_HALT, S_SLEEP, S_LOCKUP, S_RETIRE_ST, S_RESET_ST = (1 << bit for bit in (16, 17, 18, 19, 24, 25))
_DEBUG_KEY = 0xA05F
_CONTROLS = C_DEBUGEN | C_HALT | C_STEP | C_MASKINTS
_REGWNR = 1 << 16

TRCENA, VC_HARDERR, VC_CORERESET = 1 << 24, 1 << 10, 1 << 0

# Debug fault status: why the core has halted (section C1.6.1).
DFSR_HALTED, DFSR_BKPT, DFSR_DWTTRAP, DFSR_VCATCH = 1 << 0, 1 << 1, 1 << 2, 1 << 3


VECTOR_CATCHES = {3: VC_HARDERR, 4: 1 << 4, 5: 1 << 8, 6: 1 << 5 | 1 << 6 | 1 << 7}
"""Bits of DEMCR by the number of the fault whose vector they catch (section C1.6.5)."""


class DebuggedCore(Protocol):
    """What the debug registers ask of the core."""

    def debug_status(self) -> int:
        """S_SLEEP, S_LOCKUP and S_RESET_ST as they stand now."""
        ...

    def retired(self) -> int:
        """A number that grows with every instruction."""
        ...

    def read_debug_register(self, selector: int) -> int:
        """A register by its number in DCRSR.REGSEL."""
        ...

    def write_debug_register(self, selector: int, value: int) -> None:
        """Sets a register by its number in DCRSR.REGSEL."""
        ...

    def stop_for_debugger(self) -> None:
        """The core halts: it is awake, and no longer locked up."""
        ...

    def step_for_debugger(self) -> None:
        """Executes one instruction."""
        ...


class CoreDebug(RegisterBlock):
    """DHCSR, DCRSR, DCRDR, DEMCR."""

    reset_by_power_only = True

    def __init__(
        self, core: DebuggedCore, trace_changed: Callable[[bool], None], record_event: Callable[[int], None]
    ) -> None:
        """`trace_changed` is told of TRCENA, `record_event` sets bits of DFSR."""
        self._core = core
        self._trace_changed = trace_changed
        self._record_event = record_event
        super().__init__(
            "core debug",
            0xE000_EDF0,
            (
                Register("DHCSR", DHCSR),
                Register("DCRSR", DCRSR),
                Register("DCRDR", DCRDR, writable=0xFFFF_FFFF),
                Register("DEMCR", DEMCR, writable=0x010F_07F1, unsupported=0x000F_0000),
            ),
        )

    def reset(self) -> None:
        """As after power-on: no debugger."""
        super().reset()
        self._control = 0
        self._halted = False
        self._was_reset = True
        self._retired = 0

    # --- state

    @property
    def enabled(self) -> bool:
        """Whether a debugger has switched halting debug on."""
        return bool(self._control & C_DEBUGEN)

    @property
    def halted(self) -> bool:
        """Whether the core stands still for a debugger."""
        return self._halted

    @property
    def masks_interrupts(self) -> bool:
        """Whether PendSV, SysTick and external interrupts wait while a debugger steps (C_MASKINTS)."""
        return self.enabled and bool(self._control & C_MASKINTS)

    def catches(self, vector_catch: int) -> bool:
        """Whether a debugger wants the core to halt for one of these bits of DEMCR."""
        return self.enabled and bool(self.values[DEMCR] & vector_catch)

    def halt(self, event: int) -> None:
        """The core halts because of a debug event; `event` is its bit in DFSR."""
        self._record_event(event)
        self._halted = True
        self._control |= C_HALT
        self._core.stop_for_debugger()

    def enter_reset(self) -> None:
        """A system reset: a halted core is let go, the debugger stays."""
        self._was_reset = True
        self._halted = False
        self._control &= ~(C_HALT | C_STEP)

    def leave_reset(self) -> None:
        """The core would run now: it halts at once if the reset vector is caught."""
        if self.catches(VC_CORERESET):
            self.halt(DFSR_VCATCH)

    # --- registers

    def read_register(self, offset: int) -> int:
        """DHCSR is put together from the state of the core; firmware's reading clears nothing."""
        return self._status() if offset == DHCSR else self.values[offset]

    def debugger_read(self, offset: int) -> int:
        """What a debugger reads: DHCSR forgets that there was a reset, and what has retired."""
        value = self.read_register(offset)
        if offset == DHCSR:
            self._was_reset = False
            self._retired = self._core.retired()
        return value

    def _status(self) -> int:
        status = self._control | S_REGRDY | self._core.debug_status()
        if self._halted:
            status |= S_HALT
        if self._was_reset:
            status |= S_RESET_ST
        if self._core.retired() != self._retired:
            status |= S_RETIRE_ST
        return status

    def write_register(self, offset: int, value: int) -> None:
        """What firmware writes: DHCSR and DCRSR are a debugger's alone."""
        if offset in (DHCSR, DCRSR):
            return
        super().write_register(offset, value)
        if offset == DEMCR:
            self._trace_changed(bool(self.values[DEMCR] & TRCENA))

    def debugger_write(self, offset: int, value: int) -> None:
        """What a debugger writes."""
        if offset == DHCSR:
            if value >> 16 == _DEBUG_KEY:
                self._control_core(value & _CONTROLS)
        elif offset == DCRSR:
            self._transfer(value)
        else:
            self.write_register(offset, value)

    def _control_core(self, control: int) -> None:
        if not control & C_DEBUGEN:
            self._control, self._halted = 0, False
            return
        self._control = control | (C_HALT if self._halted else 0)
        if control & C_HALT:
            if not self._halted and not self._core.debug_status() & S_RESET_ST:
                self.halt(DFSR_HALTED)
        elif self._halted:
            self._halted = False
            self._control &= ~C_HALT
            if control & C_STEP:
                self._core.step_for_debugger()
                self.halt(DFSR_HALTED)

    def _transfer(self, request: int) -> None:
        """Section C1.6.3: possible while the core is halted, else nothing happens."""
        if not self._halted:
            return
        selector = request & 0x7F
        if request & _REGWNR:
            self._core.write_debug_register(selector, self.values[DCRDR])
        else:
            self.values[DCRDR] = self._core.read_debug_register(selector)


VIRTUAL = 0xF000
"""DBGMCU_IDCODE[15:12] of virtual boards. The bits are reserved (section 40.6.1), and real chips have 0 or 6
there: so firmware and debuggers can tell that no silicon answers, whatever they were told."""


def _freezes(chip: Chip) -> Iterator[Register]:
    """What is to stand still while the core is halted: a register for a bus, or two (RM0432 section 57.6)."""
    names = [name for name in ("APB1FZ", "APB1FZ2", "APB2FZ") if f"DBGMCU_{name}" in chip.registers]
    for offset, name in enumerate(names):
        yield Register(name, 0x8 + 4 * offset, writable=chip.registers[f"DBGMCU_{name}"].writable)


class Dbgmcu(RegisterBlock):
    """DBGMCU: device id and revision (section 40.6.1 of the reference manual); freeze bits read back.

    `pretended_device` answers instead of the chip's own id where a fault is to be provoked.
    """

    reset_by_power_only = True

    def __init__(self, chip: Chip) -> None:
        signature = chip.signature
        self.pretended_device: int | None = None
        super().__init__(
            "DBGMCU",
            0xE004_2000,
            (
                Register("IDCODE", 0x0, reset=signature.revision << 16 | VIRTUAL | signature.device_id),
                Register("CR", 0x4, writable=0x0000_00E7),
                *_freezes(chip),
            ),
        )

    def read_register(self, offset: int) -> int:
        """IDCODE has the device in its lower 12 bits."""
        if offset == 0 and self.pretended_device is not None:
            return self.values[0] & ~0xFFF | self.pretended_device
        return self.values[offset]
