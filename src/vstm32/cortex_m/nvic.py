"""NVIC: enable, pending, active and priority registers of the interrupts (PM0253 section 4.3)."""

from collections.abc import Set

from vstm32.base.registers import Register, RegisterBlock
from vstm32.cortex_m.exceptions import ExceptionUnit

_ISER, _ICER, _ISPR, _ICPR, _IABR, _IPR, _STIR = 0x000, 0x080, 0x100, 0x180, 0x200, 0x300, 0xE00
_BANKS = 8
_PRIORITY_WORDS = 60

REGISTERS = (
    *(
        Register(f"{name}{index}", first + 4 * index)
        for name, first in (
            ("ISER", _ISER),
            ("ICER", _ICER),
            ("ISPR", _ISPR),
            ("ICPR", _ICPR),
            ("IABR", _IABR),
        )
        for index in range(_BANKS)
    ),
    *(Register(f"IPR{index}", _IPR + 4 * index) for index in range(_PRIORITY_WORDS)),
    Register("STIR", _STIR),
)


class Nvic(RegisterBlock):
    """The chip's interrupts, four priority bits each; what lies beyond reads as zero and ignores writes."""

    def __init__(self, unit: ExceptionUnit) -> None:
        self._unit = unit
        super().__init__("NVIC", 0xE000_E100, REGISTERS)

    def read_register(self, offset: int) -> int:
        """The registers are views of the exception unit."""
        unit = self._unit
        if offset >= _STIR:
            return 0
        if offset >= _IPR:
            first = offset - _IPR
            return sum(unit.priorities[16 + first + lane] << 8 * lane for lane in range(4))
        if offset >= _IABR:
            return self._bits(offset, {number - 16 for number in unit.active})
        if offset >= _ISPR:
            return self._bits(offset, {number - 16 for number in unit.pending})
        return self._bits(offset, unit.enabled_interrupts)

    @staticmethod
    def _bits(offset: int, interrupts: Set[int]) -> int:
        first = (offset & 0x1F) * 8
        return sum(1 << (number - first) for number in interrupts if first <= number < first + 32)

    def merge_base(self, offset: int) -> int:
        """Narrow stores matter for priorities only; elsewhere a zero bit changes nothing."""
        return self.read_register(offset) if _IPR <= offset < _STIR else 0

    def write_register(self, offset: int, value: int) -> None:
        """Ones set or clear; IPR keeps the upper four bits of each byte."""
        unit = self._unit
        if offset == _STIR:
            if value & 0x1FF < unit.interrupts:
                unit.pend(16 + (value & 0x1FF))
            return
        if offset >= _IPR:
            for lane in range(4):
                number = offset - _IPR + lane
                if number < unit.interrupts:
                    unit.priorities[16 + number] = value >> 8 * lane & 0xF0
            return
        first = (offset & 0x1F) * 8
        numbers = {first + bit for bit in range(32) if value >> bit & 1 and first + bit < unit.interrupts}
        if offset < _ICER:
            unit.enabled_interrupts |= numbers
        elif offset < _ISPR:
            unit.enabled_interrupts -= numbers
        elif offset < _ICPR:
            unit.pend_interrupts({16 + number for number in numbers})
        elif offset < _IABR:
            unit.pending -= {16 + number for number in numbers} - unit.lines
        unit.request_look()
