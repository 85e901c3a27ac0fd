"""System control block, FPU control and cache maintenance (PM0253 sections 4.2, 4.5, 4.7, 4.8).

Caches have no effect on data here; what they save in time is known to the timing model, which is told what
their maintenance operations do.
CCR.UNALIGN_TRP is a finding: Unicorn cannot trap unaligned accesses.
"""

from collections.abc import Callable
from typing import Protocol

from vstm32.base.chip import Chip, CoreKind, CoreModel
from vstm32.base.registers import WORD, Register, RegisterBlock
from vstm32.cortex_m.exceptions import ExceptionNumber, ExceptionUnit

CPUID, ICSR, VTOR, AIRCR, SCR, CCR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
SHPR1, SHPR2, SHPR3, SHCSR, CFSR, HFSR, DFSR = 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x30
MMFAR, BFAR, AFSR = 0x34, 0x38, 0x3C
CLIDR, CTR, CCSIDR, CSSELR, CPACR = 0x78, 0x7C, 0x80, 0x84, 0x88
FPCCR, FPCAR = 0x234, 0x238
ICIALLU, DCIMVAC, DCISW, DCCMVAU, DCCMVAC, DCCSW, DCCIMVAC, DCCISW = (
    0x250, 0x25C, 0x260, 0x264, 0x268, 0x26C, 0x270, 0x274
)  # fmt: skip
CCR_DC, CCR_IC = 1 << 16, 1 << 17

_SLEEPONEXIT, _SEVONPEND = 1 << 1, 1 << 4
_NONBASETHRDENA, _USERSETMPEND, _DIV_0_TRP = 1 << 0, 1 << 1, 1 << 4

# Configurable fault status bits (PM0253 section 4.2.11 to 4.2.14)
IACCVIOL, DACCVIOL, MUNSTKERR, MSTKERR, MLSPERR, MMARVALID = (1 << bit for bit in (0, 1, 3, 4, 5, 7))
IBUSERR, PRECISERR, UNSTKERR, STKERR, LSPERR, BFARVALID = (1 << bit for bit in (8, 9, 11, 12, 13, 15))
UNDEFINSTR, INVSTATE, INVPC, NOCP, UNALIGNED, DIVBYZERO = (1 << bit for bit in (16, 17, 18, 19, 24, 25))
HFSR_VECTTBL, HFSR_FORCED, HFSR_DEBUGEVT = 1 << 1, 1 << 30, 1 << 31

_AIRCR_KEY = 0x05FA
_ENDABLE = {16: ExceptionNumber.MEM_MANAGE, 17: ExceptionNumber.BUS_FAULT, 18: ExceptionNumber.USAGE_FAULT}
_STATUS_BITS = {
    0: ("active", ExceptionNumber.MEM_MANAGE),
    1: ("active", ExceptionNumber.BUS_FAULT),
    3: ("active", ExceptionNumber.USAGE_FAULT),
    7: ("active", ExceptionNumber.SVCALL),
    8: ("active", ExceptionNumber.DEBUG_MONITOR),
    10: ("active", ExceptionNumber.PENDSV),
    11: ("active", ExceptionNumber.SYSTICK),
    12: ("pending", ExceptionNumber.USAGE_FAULT),
    13: ("pending", ExceptionNumber.MEM_MANAGE),
    14: ("pending", ExceptionNumber.BUS_FAULT),
    15: ("pending", ExceptionNumber.SVCALL),
}

_FPCCR_WRITABLE = 0xC000_017B  # ASPEN, LSPEN, what could run when the frame was made, LSPACT

# PM0253 table 66: lines of 32 bytes; data cache 4 ways, instruction cache 2. What can be done with them.
_LINE_BYTES, _DATA_WAYS, _INSTRUCTION_WAYS = 32, 4, 2
_CACHE_ABILITIES, _LOG2_OF_LINE_WORDS_LESS_2 = 0xF << 28, 1

_CACHE_OPERATIONS = {
    "ICIALLU": ICIALLU, "ICIMVAU": 0x258, "DCIMVAC": DCIMVAC, "DCISW": DCISW, "DCCMVAU": DCCMVAU,
    "DCCMVAC": DCCMVAC, "DCCSW": DCCSW, "DCCIMVAC": DCCIMVAC, "DCCISW": DCCISW, "BPIALL": 0x278,
}  # fmt: skip
_DATA_LINE_OPERATIONS = {DCIMVAC: True, DCCMVAU: False, DCCMVAC: False, DCCIMVAC: True}
_DATA_SET_OPERATIONS = {DCISW: True, DCCSW: False, DCCISW: True}
# Whether they drop lines; where DCIMVAC and DCISW lose what is dirty, that is written back here.
_SET_SHIFT = 5


def cache_size(size_bytes: int, ways: int) -> int:
    """CCSIDR of a cache: sets and ways, each less 1, and the size of a line (PM0253 section 4.5.3)."""
    sets = size_bytes // (_LINE_BYTES * ways)
    return _CACHE_ABILITIES | (sets - 1) << 13 | (ways - 1) << 3 | _LOG2_OF_LINE_WORDS_LESS_2


def _registers(core: CoreKind) -> tuple[Register, ...]:
    # Arm v7-M ARM, section B4.7: single precision alone, or double precision too.
    mvfr0, mvfr1 = (0x1011_0221, 0x1200_0011) if core.has_double_precision else (0x1011_0021, 0x1100_0011)
    common = (
        *_REGISTERS,
        Register("CPUID", CPUID, reset=core.cpuid),
        Register("VTOR", VTOR, reset=core.vector_table, writable=0xFFFF_FF80),
        Register("MVFR0", 0x240, reset=mvfr0),
        Register("MVFR1", 0x244, reset=mvfr1),
    )
    if core.model is CoreModel.CORTEX_M4:
        return (*common, *_M4_REGISTERS)
    return (
        *common,
        *_M7_REGISTERS,
        Register("ITCMCR", 0x290, reset=core.itcm_control, writable=0x7),
        Register("DTCMCR", 0x294, reset=core.dtcm_control, writable=0x7),
    )


_REGISTERS = (
    Register("ICSR", ICSR),
    Register("AIRCR", AIRCR),
    Register("SCR", SCR, writable=0x16, unsupported=0x4),
    Register("SHPR1", SHPR1, writable=0x00F0_F0F0),
    Register("SHPR2", SHPR2, writable=0xF000_0000),
    Register("SHPR3", SHPR3, writable=0xF0F0_00F0),
    Register("SHCSR", SHCSR),
    Register("CFSR", CFSR),
    Register("HFSR", HFSR),
    Register("DFSR", DFSR),
    Register("MMFAR", MMFAR, writable=WORD),
    Register("BFAR", BFAR, writable=WORD),
    Register("AFSR", AFSR),
    Register("PFR0", 0x40, reset=0x30),
    Register("PFR1", 0x44, reset=0x200),
    Register("DFR0", 0x48, reset=0x0010_0000),
    Register("AFR0", 0x4C),
    Register("MMFR0", 0x50, reset=0x0010_0030),
    Register("MMFR1", 0x54),
    Register("MMFR2", 0x58, reset=0x0100_0000),
    Register("MMFR3", 0x5C),
    Register("ISAR1", 0x64, reset=0x0211_2000),
    Register("ISAR3", 0x6C, reset=0x0111_1131),
    Register("ISAR4", 0x70, reset=0x0131_0132),
    Register("CPACR", CPACR, writable=0x00F0_0000),
    Register("FPCCR", FPCCR),
    Register("FPCAR", FPCAR),
    Register("FPDSCR", 0x23C, writable=0x07C0_0000, unsupported=0x07C0_0000),
)

_M4_REGISTERS = (
    # STKALIGN, bit 9, could be cleared: frames are aligned all the same.
    Register("CCR", CCR, reset=0x0000_0200, writable=0x0000_031B, unsupported=0x308),
    Register("ISAR0", 0x60, reset=0x0114_1110),
    Register("ISAR2", 0x68, reset=0x2123_2231),
    # Reserved, and read as zero; a debugger looks there for caches.
    Register("CLIDR", CLIDR),
    Register("CTR", CTR),
    Register("MVFR2", 0x248),
)
"""Of a Cortex-M4 (its TRM, DDI 0439B, table 4-1; PM0214 section 4.4.6), which has no caches."""

_M7_REGISTERS = (
    Register("ISAR0", 0x60, reset=0x0110_1110),
    Register("ISAR2", 0x68, reset=0x2023_2231),
    Register("CCR", CCR, reset=0x0004_0200, writable=0x0003_011B, unsupported=0x108),
    Register("CLIDR", CLIDR, reset=0x0900_0003),
    Register("CTR", CTR, reset=0x8303_C003),
    Register("CCSIDR", CCSIDR),
    Register("CSSELR", CSSELR, writable=0x1),
    Register("MVFR2", 0x248, reset=0x0000_0040),
    *(Register(name, offset) for name, offset in _CACHE_OPERATIONS.items()),
    Register("AHBPCR", 0x298, reset=0x0000_0006, writable=0x1),
    Register("CACR", 0x29C, writable=0x7),
    Register("AHBSCR", 0x2A0, reset=0x0000_0800, writable=0xFFFF),
    Register("ABFSR", 0x2A8),
)


_AUXILIARY_CONTROL = {CoreModel.CORTEX_M4: 0x307, CoreModel.CORTEX_M7: 0x1FFF_FC04}
"""What ACTLR has writable (DDI 0439B section 4.2.1; PM0253 section 4.2.1)."""


def control_space(chip: Chip) -> RegisterBlock:
    """Interrupt type (how many words of 32 lines, less 1) and auxiliary control (PM0253 section 4.2.1)."""
    registers = (
        Register("ICTR", 0x4, reset=(chip.interrupts - 1) // 32),
        Register("ACTLR", 0x8, writable=_AUXILIARY_CONTROL[chip.core.model]),
    )
    return RegisterBlock("system control space", 0xE000_E000, registers)


class Caches(Protocol):
    """Who has to know what the caches do: see `BlockRecords`."""

    def set_memory_system(self, *, instruction_cache: bool, data_cache: bool) -> None:
        """CCR has been written."""

    def invalidate_lines(self) -> None:
        """The instruction cache is empty."""

    def maintain_data_line(self, address: int, *, drop: bool) -> None:
        """The line of an address is clean, or no more in the data cache."""

    def maintain_data_set(self, number: int, *, drop: bool) -> None:
        """The same for the lines of a set."""


class SystemControl(RegisterBlock):
    """Views of the exception unit, fault status, and the reset request."""

    def __init__(  # noqa: PLR0917
        self,
        core: CoreKind,
        unit: ExceptionUnit,
        running_exception: Callable[[], int],
        request_reset: Callable[[], None],
        fpu_enabled: Callable[[bool], None],
        stir_for_all: Callable[[bool], None],
        trap_division: Callable[[bool], None],
        caches: "Caches",
    ) -> None:
        """The last three are told of bits: FPU on in CPACR, CCR.USERSETMPEND, and CCR.DIV_0_TRP."""
        self._unit = unit
        self._running_exception = running_exception
        self._request_reset = request_reset
        self._fpu_enabled = fpu_enabled
        self._stir_for_all = stir_for_all
        self._trap_division = trap_division
        self._caches = caches
        self._has_caches = core.has_caches
        self._cache_sizes = (
            cache_size(core.data_cache_bytes, _DATA_WAYS),
            cache_size(core.instruction_cache_bytes, _INSTRUCTION_WAYS),
        )
        super().__init__("SCB", 0xE000_ED00, _registers(core))

    def reset(self) -> None:
        """Vectors where the option bytes boot from, FPU and caches off."""
        super().reset()
        if self._has_caches:
            self._switch_caches()
        self._unit.vector_table = self.values[VTOR]
        self._fpu_enabled(False)
        self._stir_for_all(False)
        self._trap_division(False)

    def read_register(self, offset: int) -> int:
        """What follows from the state of the core."""
        unit = self._unit
        if offset == ICSR:
            pending = unit.best_pending() or 0
            return (
                self._running_exception()
                | (1 << 11 if len(unit.active) <= 1 else 0)
                | pending << 12
                | (1 << 22 if any(number >= 16 for number in unit.pending) else 0)
                | (1 << 26 if ExceptionNumber.SYSTICK in unit.pending else 0)
                | (1 << 28 if ExceptionNumber.PENDSV in unit.pending else 0)
                | (1 << 31 if ExceptionNumber.NMI in unit.pending else 0)
            )
        if offset == AIRCR:
            return 0xFA05_0000 | unit.priority_group << 8
        if offset == SHCSR:
            value = sum(1 << bit for bit, number in _ENDABLE.items() if number in unit.enabled_faults)
            for bit, (state, number) in _STATUS_BITS.items():
                value |= int(number in (unit.active if state == "active" else unit.pending)) << bit
            return value
        if offset == FPCCR:
            return unit.frames.floating_point.control
        if offset == FPCAR:
            return unit.frames.floating_point.address
        if offset == CCSIDR:
            return self._cache_sizes[self.values[CSSELR] & 1]
        return self.values[offset]

    def merge_base(self, offset: int) -> int:
        """Status bits are cleared by writing ones, so a narrow store must not repeat the others."""
        return 0 if offset in (CFSR, HFSR, ICSR) else self.read_register(offset)

    def write_register(self, offset: int, value: int) -> None:
        """Requests and masks."""
        unit = self._unit
        if offset == ICSR:
            self._write_icsr(value)
        elif offset == AIRCR:
            if value >> 16 == _AIRCR_KEY:
                unit.priority_group = value >> 8 & 7
                if value & 1 << 2:
                    self._request_reset()
        elif offset == SHCSR:
            self._write_shcsr(value)
        elif offset == FPCCR:
            unit.frames.floating_point.control = value & _FPCCR_WRITABLE
        elif offset == FPCAR:
            unit.frames.floating_point.address = value & 0xFFFF_FFF8
        elif offset in (CFSR, HFSR, DFSR):
            self.values[offset] &= ~value
        else:
            super().write_register(offset, value)
            self._tell_caches(offset, value)
            self._apply(offset, self.values[offset])
        unit.request_look()

    def _apply(self, offset: int, value: int) -> None:
        """What a written register changes elsewhere."""
        unit = self._unit
        if offset == VTOR:
            unit.vector_table = value
        elif offset == SCR:
            unit.event_when_pending = bool(value & _SEVONPEND)
            unit.sleeps_on_exit = bool(value & _SLEEPONEXIT)
        elif offset == CCR:
            unit.thread_below_handlers = bool(value & _NONBASETHRDENA)
            self._stir_for_all(bool(value & _USERSETMPEND))
            self._trap_division(bool(value & _DIV_0_TRP))
        elif offset == CPACR:
            self._fpu_enabled(value >> 20 & 0xF in (0x5, 0xF))
        elif SHPR1 <= offset <= SHPR3:
            for lane in range(4):
                unit.priorities[4 + offset - SHPR1 + lane] = value >> 8 * lane & 0xFF

    def _tell_caches(self, offset: int, value: int) -> None:
        if not self._has_caches:
            return
        if offset == CCR:
            self._switch_caches()
        elif offset == ICIALLU:
            self._caches.invalidate_lines()
        elif offset in _DATA_LINE_OPERATIONS:
            self._caches.maintain_data_line(value, drop=_DATA_LINE_OPERATIONS[offset])
        elif offset in _DATA_SET_OPERATIONS:
            # PM0253 section 4.8.6: the set begins above the bytes of a line.
            number = (value & 0x3FFF_FFFF) >> _SET_SHIFT
            self._caches.maintain_data_set(number, drop=_DATA_SET_OPERATIONS[offset])

    def _switch_caches(self) -> None:
        """What the caches are good for is known to the timing model alone."""
        value = self.values[CCR]
        self._caches.set_memory_system(
            instruction_cache=bool(value & CCR_IC), data_cache=bool(value & CCR_DC)
        )

    def _write_icsr(self, value: int) -> None:
        unit = self._unit
        for bit, number in (
            (31, ExceptionNumber.NMI),
            (28, ExceptionNumber.PENDSV),
            (26, ExceptionNumber.SYSTICK),
        ):
            if value >> bit & 1:
                unit.pend(number)
        for bit, number in ((27, ExceptionNumber.PENDSV), (25, ExceptionNumber.SYSTICK)):
            if value >> bit & 1:
                unit.pending.discard(number)

    def _write_shcsr(self, value: int) -> None:
        """Firmware may change what is pending and active too (Arm v7-M ARM, section B3.2.13)."""
        unit = self._unit
        unit.enabled_faults.replace(number for bit, number in _ENDABLE.items() if value >> bit & 1)
        for bit, (state, number) in _STATUS_BITS.items():
            numbers = unit.active if state == "active" else unit.pending
            if value >> bit & 1:
                numbers.add(number)
            else:
                numbers.discard(number)

    def record_fault(self, status: int, address: int | None = None) -> None:
        """Sets bits of CFSR, and BFAR where the fault has an address."""
        self.values[CFSR] |= status
        if address is not None:
            self.values[BFAR] = address
            self.values[CFSR] |= BFARVALID

    def record_memory_fault(self, status: int, address: int) -> None:
        """Sets bits of CFSR, and MMFAR."""
        self.values[MMFAR] = address
        self.values[CFSR] |= status | MMARVALID

    def record_debug_event(self, event: int) -> None:
        """Sets bits of DFSR: why the core has halted for a debugger."""
        self.values[DFSR] |= event

    def record_hard_fault(self, status: int) -> None:
        """Sets bits of HFSR."""
        self.values[HFSR] |= status
