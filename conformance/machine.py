"""A state that the definitions of instructions can work on, and the arithmetic that they share.

The functions are those of the pseudocode of the Armv7-M Architecture Reference Manual (appendix D6), in
Python's unbounded integers: written from the definitions, with nothing taken from QEMU or Unicorn.
"""

from dataclasses import dataclass, replace

from conformance.batch import State

WORD = 0xFFFF_FFFF


def signed(value: int, bits: int = 32) -> int:
    """SInt."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def half(value: int, number: int) -> int:
    """Halfword 0 or 1, unsigned."""
    return value >> 16 * number & 0xFFFF


def byte(value: int, number: int) -> int:
    """Byte 0 to 3, unsigned."""
    return value >> 8 * number & 0xFF


def rotate_right(value: int, by: int) -> int:
    """ROR of a word."""
    by %= 32
    return (value >> by | value << (32 - by)) & WORD


def saturate_signed(value: int, bits: int) -> tuple[int, bool]:
    """SignedSatQ: the value within `bits` bits, and whether it had to be changed."""
    top = (1 << (bits - 1)) - 1
    kept = max(-top - 1, min(top, value))
    return kept, kept != value


def saturate_unsigned(value: int, bits: int) -> tuple[int, bool]:
    """UnsignedSatQ."""
    kept = max(0, min((1 << bits) - 1, value))
    return kept, kept != value


def shift_with_carry(value: int, kind: int, amount: int, carry: int) -> tuple[int, int]:
    """Shift_C for LSL, LSR, ASR, ROR (0 to 3) and RRX (4): the result and the carry."""
    if kind == 4:
        return carry << 31 | value >> 1, value & 1
    if amount == 0:
        return value, carry
    if kind == 0:
        wide = value << amount
        return wide & WORD, wide >> 32 & 1
    if kind == 3:
        result = rotate_right(value, amount)
        return result, result >> 31
    number = signed(value) if kind == 2 else value
    return number >> amount & WORD, number >> (amount - 1) & 1


def immediate_shift(kind: int, amount: int) -> tuple[int, int]:
    """DecodeImmShift: LSR and ASR by 0 mean 32, ROR by 0 means RRX."""
    if amount == 0 and kind in (1, 2):
        return kind, 32
    if amount == 0 and kind == 3:
        return 4, 1
    return kind, amount


def expand_immediate(immediate: int, carry: int) -> tuple[int, int]:
    """ThumbExpandImm_C."""
    low = immediate & 0xFF
    pattern = immediate >> 8
    if pattern < 4:
        return (low, low << 16 | low, low << 24 | low << 8, low * 0x0101_0101)[pattern], carry
    result = rotate_right(0x80 | immediate & 0x7F, immediate >> 7)
    return result, result >> 31


def add_with_carry(one: int, other: int, carry: int) -> tuple[int, int, int]:
    """AddWithCarry: the result, the carry and the overflow."""
    unsigned_sum = one + other + carry
    signed_sum = signed(one) + signed(other) + carry
    result = unsigned_sum & WORD
    return result, int(result != unsigned_sum), int(signed(result) != signed_sum)


@dataclass
class Machine:
    """A state that can be changed."""

    core: list[int]
    apsr: int
    fpscr: int
    floats: list[int]

    @classmethod
    def of(cls, state: State) -> "Machine":
        """The machine in this state."""
        return cls(list(state.core), state.apsr, state.fpscr, list(state.floats))

    def state(self, before: State) -> State:
        """The state that the machine is in; memory is that of `before`."""
        return replace(
            before, core=tuple(self.core), apsr=self.apsr, fpscr=self.fpscr, floats=tuple(self.floats)
        )

    def r(self, number: int) -> int:
        """A core register; 14 is lr."""
        return self.core[min(number, 13)]

    def set_r(self, number: int, value: int) -> None:
        """Sets a core register, to the low 32 bits."""
        self.core[min(number, 13)] = value & WORD

    @property
    def carry(self) -> int:
        """APSR.C."""
        return self.apsr >> 29 & 1

    @property
    def ge(self) -> int:
        """APSR.GE."""
        return self.apsr >> 16 & 15

    def set_ge(self, bits: int) -> None:
        """Sets APSR.GE."""
        self.apsr = self.apsr & ~0xF_0000 | bits << 16

    def set_q(self, saturated: bool) -> None:
        """APSR.Q stays when it was set."""
        self.apsr |= int(saturated) << 27

    def set_flags(self, result: int, carry: int, overflow: int | None = None) -> None:
        """N and Z from a result, C, and V unless it stays."""
        kept = self.apsr & (0x0FFF_FFFF if overflow is not None else 0x1FFF_FFFF)
        self.apsr = kept | (result >> 31) << 31 | int(result == 0) << 30 | carry << 29 | (overflow or 0) << 28
