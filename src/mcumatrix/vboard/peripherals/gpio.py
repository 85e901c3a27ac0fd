"""GPIO ports A to K (RM0385 section 6.4): modes, alternate functions, levels of the pins."""

from mcumatrix.vboard.registers import WORD, Register, RegisterBlock

MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFRL, AFRH = range(0, 0x28, 4)
PORTS = "ABCDEFGHIJK"
_ALTERNATE, _OUTPUT = 2, 1

# Reset values that differ from zero: the debug pins (section 6.4.1 to 6.4.4).
_MODER_RESET = {"A": 0xA800_0000, "B": 0x0000_0280}
_OSPEEDR_RESET = {"A": 0x0C00_0000, "B": 0x0000_00C0}
_PUPDR_RESET = {"A": 0x6400_0000, "B": 0x0000_0100}


def _registers(port: str) -> tuple[Register, ...]:
    return (
        Register("MODER", MODER, _MODER_RESET.get(port, 0), WORD),
        Register("OTYPER", OTYPER, 0, 0xFFFF),
        Register("OSPEEDR", OSPEEDR, _OSPEEDR_RESET.get(port, 0), WORD),
        Register("PUPDR", PUPDR, _PUPDR_RESET.get(port, 0), WORD),
        Register("IDR", IDR),
        Register("ODR", ODR, 0, 0xFFFF),
        Register("BSRR", BSRR),
        Register("LCKR", LCKR, 0, 0x1_FFFF, unsupported=0x1_0000),
        Register("AFRL", AFRL, 0, WORD),
        Register("AFRH", AFRH, 0, WORD),
    )


class Gpio(RegisterBlock):
    """One port. Nothing outside drives the pins: an input reads its pull resistor, else zero."""

    def __init__(self, port: str) -> None:
        self.port = port
        super().__init__(f"GPIO{port}", 0x4002_0000 + 0x400 * PORTS.index(port), _registers(port))

    def read_register(self, offset: int) -> int:
        """IDR is the level of each pin; BSRR reads as zero."""
        if offset == IDR:
            return sum(self._level(pin) << pin for pin in range(16))
        return 0 if offset == BSRR else self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """BSRR sets and clears bits of ODR; setting wins (section 6.4.7)."""
        if offset == BSRR:
            self.values[ODR] = self.values[ODR] & ~(value >> 16) | value & 0xFFFF
        else:
            super().write_register(offset, value)

    def merge_base(self, offset: int) -> int:
        """A narrow store to BSRR leaves the other bits alone, which means writing zeros there."""
        return 0 if offset == BSRR else self.values[offset]

    def _level(self, pin: int) -> int:
        if (self.values[MODER] >> 2 * pin) & 3 == _OUTPUT:
            return self.values[ODR] >> pin & 1
        return int((self.values[PUPDR] >> 2 * pin) & 3 == 1)

    def alternate_function(self, pin: int) -> int | None:
        """The alternate function number that drives a pin, or None in any other mode."""
        if (self.values[MODER] >> 2 * pin) & 3 != _ALTERNATE:
            return None
        return self.values[AFRL if pin < 8 else AFRH] >> 4 * (pin & 7) & 0xF
