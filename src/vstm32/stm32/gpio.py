"""Ports of GPIO (RM0385 section 6.4, RM0432 section 8.4): modes, alternate functions, levels of the pins,
locking."""

from collections.abc import Callable

from vstm32.base.registers import WORD, Register, RegisterBlock

MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFRL, AFRH, BRR = range(0, 0x2C, 4)
PORTS = "ABCDEFGHIJK"
_OUTPUT, _ALTERNATE, _ANALOG = 1, 2, 3
_PULL_UP = 1
_LOCK_KEY = 1 << 16

# Reset values that differ from zero: the debug pins (section 6.4.1 to 6.4.4).
_MODER_RESET = {"A": 0xA800_0000, "B": 0x0000_0280}
_OSPEEDR_RESET = {"A": 0x0C00_0000, "B": 0x0000_00C0}
_PUPDR_RESET = {"A": 0x6400_0000, "B": 0x0000_0100}
# How many bits of a register a pin has, and the first pin there: what a locked pin keeps (section 6.4.8).
_LOCKED = {MODER: (2, 0), OTYPER: (1, 0), OSPEEDR: (2, 0), PUPDR: (2, 0), AFRL: (4, 0), AFRH: (4, 8)}


def _registers(port: str, reset_mode: int, *, has_brr: bool) -> tuple[Register, ...]:
    return (
        *((Register("BRR", BRR),) if has_brr else ()),
        Register("MODER", MODER, reset_mode or _MODER_RESET.get(port, 0), WORD),
        Register("OTYPER", OTYPER, 0, 0xFFFF),
        Register("OSPEEDR", OSPEEDR, _OSPEEDR_RESET.get(port, 0), WORD),
        Register("PUPDR", PUPDR, _PUPDR_RESET.get(port, 0), WORD),
        Register("IDR", IDR),
        Register("ODR", ODR, 0, 0xFFFF),
        Register("BSRR", BSRR),
        Register("LCKR", LCKR, 0, 0x1_FFFF),
        Register("AFRL", AFRL, 0, WORD),
        Register("AFRH", AFRH, 0, WORD),
    )


class Gpio(RegisterBlock):
    """One port. `changed` is called when the level of a pin may be another one."""

    def __init__(
        self,
        port: str,
        changed: Callable[[], None] = lambda: None,
        *,
        first_base: int = 0x4002_0000,
        reset_mode: int = 0,
        has_brr: bool = False,
    ) -> None:
        """`first_base` is that of port A. `has_brr` says that BRR clears bits of ODR (RM0432 section 8.4.11).
        `reset_mode` has the bits of MODER that are set after reset in this chip and were not in the first
        ones of ST's (RM0432 section 8.4.1: pins are analog).
        """
        self.port = port
        self._changed = changed
        self._outside: dict[int, int] = {}
        registers = _registers(port, reset_mode, has_brr=has_brr)
        super().__init__(f"GPIO{port}", first_base + 0x400 * PORTS.index(port), registers)

    def reset(self) -> None:
        """Unlocked; what drives a pin from outside goes on doing so."""
        super().reset()
        self._lock_writes: list[int] = []
        self._changed()

    def drive(self, pin: int, level: int | None) -> None:
        """Somebody outside drives a pin to 0 or 1, or lets go of it."""
        self._outside.pop(pin, None)
        if level is not None:
            self._outside[pin] = level
        self._changed()

    def read_register(self, offset: int) -> int:
        """IDR is the level of each pin; BSRR and BRR read as zero."""
        if offset == IDR:
            return sum(self.level(pin) << pin for pin in range(16))
        if offset == LCKR:
            # The read at the end of the sequence is optional: the third write has locked already.
            self._lock_writes.clear()
        return 0 if offset in (BSRR, BRR) else self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """BSRR sets and clears bits of ODR; setting wins (section 6.4.7). Locked pins keep their settings."""
        if offset == BSRR:
            self.values[ODR] = self.values[ODR] & ~(value >> 16) | value & 0xFFFF
        elif offset == BRR:
            self.values[ODR] &= ~value
        elif offset == LCKR:
            self._write_lock(value)
        else:
            kept = self._locked_bits(offset)
            super().write_register(offset, value & ~kept | self.values[offset] & kept)
        self._changed()

    def _write_lock(self, value: int) -> None:
        """Section 6.4.8: the key bit written 1, 0, 1 with the same pins locks these until reset."""
        if self.values[LCKR] & _LOCK_KEY:
            return
        value &= self.registers[LCKR].writable
        self._lock_writes.append(value)
        first = self._lock_writes[0]
        wanted = [first | _LOCK_KEY, first & ~_LOCK_KEY, first | _LOCK_KEY]
        if self._lock_writes != wanted[: len(self._lock_writes)]:
            self._lock_writes = [value] if value & _LOCK_KEY else []
        self.values[LCKR] = value & 0xFFFF
        if len(self._lock_writes) == 3:
            self.values[LCKR] |= _LOCK_KEY

    def _locked_bits(self, offset: int) -> int:
        if offset not in _LOCKED or not self.values[LCKR] & _LOCK_KEY:
            return 0
        width, first = _LOCKED[offset]
        pins = range(first, first + min(32 // width, 16))
        return sum(
            ((1 << width) - 1) << width * (pin - first) for pin in pins if self.values[LCKR] >> pin & 1
        )

    def merge_base(self, offset: int) -> int:
        """A narrow store to BSRR leaves the other bits alone, which means writing zeros there."""
        return 0 if offset == BSRR else self.values[offset]

    def _mode(self, pin: int) -> int:
        return (self.values[MODER] >> 2 * pin) & 3

    def level(self, pin: int) -> int:
        """What IDR has of a pin. An analog pin reads 0; an open drain that does not pull low has the level
        of an input.
        """
        mode = self._mode(pin)
        if mode == _ANALOG:
            return 0
        if mode == _OUTPUT:
            level = self.values[ODR] >> pin & 1
            if not level or not self.values[OTYPER] >> pin & 1:
                return level
        if pin in self._outside:
            return self._outside[pin]
        return int((self.values[PUPDR] >> 2 * pin) & 3 == _PULL_UP)

    def alternate_function(self, pin: int) -> int | None:
        """The alternate function number that drives a pin, or None in any other mode."""
        if self._mode(pin) != _ALTERNATE:
            return None
        return self.values[AFRL if pin < 8 else AFRH] >> 4 * (pin & 7) & 0xF
