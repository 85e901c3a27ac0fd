"""CRC calculation unit (RM0385 section 12): polynomial, sizes, bit reversal, initial value."""

from vstm32.base.registers import WORD, Register, RegisterBlock

DR, IDR, CR, INIT, POL = 0x00, 0x04, 0x08, 0x10, 0x14
RESET, REV_OUT = 1 << 0, 1 << 7
_POLYSIZE_SHIFT, _REV_IN_SHIFT = 3, 5
_POLYNOMIAL_BITS = (32, 16, 8, 7)
# REV_IN: bits are reversed within pieces of this size; 0 is none. Data narrower than that are one piece.
_REVERSED_BITS = (0, 8, 16, 32)

REGISTERS = (
    Register("DR", DR, reset=WORD, writable=WORD),
    Register("IDR", IDR, writable=0xFF),
    Register("CR", CR, writable=0xF8),
    Register("INIT", INIT, reset=WORD, writable=WORD),
    Register("POL", POL, reset=0x04C1_1DB7, writable=WORD),
)


def reverse_bits(value: int, bits: int) -> int:
    """The lowest `bits` bits of a number in reverse order."""
    return int(f"{value & ((1 << bits) - 1):0{bits}b}"[::-1], 2)


def crc_step(remainder: int, data: int, data_bits: int, polynomial: int, polynomial_bits: int) -> int:
    """The remainder after one more piece of data, highest bit first."""
    mask, top = (1 << polynomial_bits) - 1, 1 << polynomial_bits - 1
    for index in reversed(range(data_bits)):
        carry = bool(remainder & top) != bool(data >> index & 1)
        remainder = (remainder << 1 & mask) ^ (polynomial & mask if carry else 0)
    return remainder


class Crc(RegisterBlock):
    """A store to DR of 8, 16 or 32 bits takes that many bits in (section 12.3.3)."""

    def __init__(self) -> None:
        super().__init__("CRC", 0x4002_3000, REGISTERS)

    @property
    def _polynomial_bits(self) -> int:
        return _POLYNOMIAL_BITS[self.values[CR] >> _POLYSIZE_SHIFT & 3]

    def write(self, offset: int, size_bytes: int, value: int) -> None:
        """What is stored to DR is taken in at its size; the other registers are as usual."""
        if offset & ~3 == DR:
            self._take_in(value & (1 << 8 * size_bytes) - 1, 8 * size_bytes)
        else:
            super().write(offset, size_bytes, value)

    def read_register(self, offset: int) -> int:
        """DR is the remainder, reversed with REV_OUT."""
        if offset != DR:
            return self.values[offset]
        bits = self._polynomial_bits
        remainder = self.values[DR] & ((1 << bits) - 1)
        return reverse_bits(remainder, bits) if self.values[CR] & REV_OUT else remainder

    def write_register(self, offset: int, value: int) -> None:
        """RESET and a write to INIT put the initial value into DR (section 12.4)."""
        if offset == DR:
            self._take_in(value, 32)
            return
        super().write_register(offset, value)
        if offset == INIT or (offset == CR and value & RESET):
            self.values[DR] = self.values[INIT]

    def _take_in(self, data: int, bits: int) -> None:
        piece = min(_REVERSED_BITS[self.values[CR] >> _REV_IN_SHIFT & 3], bits)
        if piece:
            data = sum(reverse_bits(data >> at, piece) << at for at in range(0, bits, piece))
        width = self._polynomial_bits
        remainder = self.values[DR] & ((1 << width) - 1)
        self.values[DR] = crc_step(remainder, data, bits, self.values[POL], width)
