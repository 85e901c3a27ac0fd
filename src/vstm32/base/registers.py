"""Registers as data, and the block of registers that every peripheral is built from."""

from collections.abc import Iterable
from dataclasses import dataclass

WORD = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Register:
    """One 32-bit register: where it is, what it holds after reset, which bits a write changes.

    `unsupported` are bits that the hardware has and this board does not act upon; setting one is
    a finding.
    """

    name: str
    offset: int
    reset: int = 0
    writable: int = 0
    unsupported: int = 0


class RegisterBlock:
    """A named set of registers that read back what was written; peripherals refine single ones.

    Offsets are those of words. `narrow_writes_repeat` says what an 8 or 16-bit store does: on the
    APB buses the bridge repeats the data over the word (RM0385 section 2.2.2, note), elsewhere only
    the addressed bytes change.
    """

    narrow_writes_repeat = False
    reset_by_power_only = False
    """Whether a system reset leaves the block alone, as it does debug registers."""

    def __init__(self, name: str, base: int, registers: Iterable[Register]) -> None:
        self.name = name
        self.base = base
        self.registers = {register.offset: register for register in registers}
        self.values: dict[int, int] = {}
        self.unsupported_seen: list[tuple[Register, int]] = []
        self.reset()

    def reset(self) -> None:
        """Every register to its reset value."""
        self.values = {offset: register.reset for offset, register in self.registers.items()}

    def read(self, offset: int, size_bytes: int) -> int:
        """What a load of 1, 2 or 4 bytes at `offset` gives."""
        if size_bytes == 4 and not offset & 3:
            return self.read_register(offset)
        word = self.read_register(offset & ~3)
        return (word >> 8 * (offset & 3)) & ((1 << 8 * size_bytes) - 1)

    def write(self, offset: int, size_bytes: int, value: int) -> None:
        """What a store of 1, 2 or 4 bytes at `offset` does."""
        value &= (1 << 8 * size_bytes) - 1
        if size_bytes < 4:
            if self.narrow_writes_repeat:
                value = value * (0x0101_0101 if size_bytes == 1 else 0x0001_0001)
            else:
                shift = 8 * (offset & 3)
                mask = ((1 << 8 * size_bytes) - 1) << shift
                value = self.merge_base(offset & ~3) & ~mask | value << shift & mask
        self.write_register(offset & ~3, value & WORD)

    def is_locked(self, offset: int) -> bool:  # noqa: ARG002 - for those that have a lock
        """Whether firmware's writes to a register are ignored until LAR has got its key."""
        return False

    def debugger_read(self, offset: int) -> int:
        """What a debugger reads of a whole register, where that differs from firmware."""
        return self.read_register(offset)

    def debugger_write(self, offset: int, value: int) -> None:
        """What a debugger's write to a whole register does, where that differs from firmware's."""
        self.write_register(offset, value)

    def merge_base(self, offset: int) -> int:
        """The word that a narrow store changes a part of."""
        return self.values[offset]

    def read_register(self, offset: int) -> int:
        """The value of a whole register."""
        return self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """Stores the writable bits of a whole register."""
        register = self.registers[offset]
        refused = value & register.unsupported & ~self.values[offset]
        if refused:
            self.unsupported_seen.append((register, refused))
        self.values[offset] = self.values[offset] & ~register.writable | value & register.writable
