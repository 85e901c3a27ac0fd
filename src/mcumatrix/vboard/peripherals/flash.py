"""FLASH interface registers (RM0385 section 3.7): wait states and the lock.

Programming and erasing are not modelled: a write to flash memory is a bus fault, and setting a
programming bit is a finding. Wait states and the ART accelerator read back and cost no cycles in
the timing model "instructions".
"""

from mcumatrix.vboard.registers import Register, RegisterBlock

ACR, KEYR, OPTKEYR, SR, CR, OPTCR, OPTCR1 = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18
_LOCK, _OPTLOCK = 1 << 31, 1 << 0
_KEYS = (0x4567_0123, 0xCDEF_89AB)
_OPTION_KEYS = (0x0819_2A3B, 0x4C5D_6E7F)

REGISTERS = (
    Register("ACR", ACR, writable=0x0000_0B0F),
    Register("KEYR", KEYR),
    Register("OPTKEYR", OPTKEYR),
    Register("SR", SR),
    Register("CR", CR, reset=_LOCK, writable=0x0300_037F, unsupported=0x0301_0007),
    Register("OPTCR", OPTCR, reset=0xC0FF_AAFD, writable=0xC0FF_FFFE, unsupported=0x2),
    Register("OPTCR1", OPTCR1, reset=0x0040_0080, writable=0xFFFF_FFFF),
)


class FlashInterface(RegisterBlock):
    """CR and OPTCR stay locked until the right two keys; a wrong key locks them until reset."""

    def __init__(self) -> None:
        super().__init__("FLASH interface", 0x4002_3C00, REGISTERS)

    def reset(self) -> None:
        """Locked, no key seen."""
        super().reset()
        self._keys_seen = 0
        self._option_keys_seen = 0

    def read_register(self, offset: int) -> int:
        """The key registers read as zero."""
        return 0 if offset in (KEYR, OPTKEYR) else self.values[offset]

    def write_register(self, offset: int, value: int) -> None:
        """Section 3.3.5 (keys of CR) and 3.4.2 (keys of OPTCR)."""
        if offset == KEYR:
            self._keys_seen = self._next_key(self._keys_seen, _KEYS, value)
            if self._keys_seen == 2:
                self._keys_seen = 0
                self.values[CR] &= ~_LOCK
        elif offset == OPTKEYR:
            self._option_keys_seen = self._next_key(self._option_keys_seen, _OPTION_KEYS, value)
            if self._option_keys_seen == 2:
                self._option_keys_seen = 0
                self.values[OPTCR] &= ~_OPTLOCK
        elif offset == CR:
            if not self.values[CR] & _LOCK:
                super().write_register(offset, value)
                self.values[CR] |= value & _LOCK
        elif offset in (OPTCR, OPTCR1):
            if not self.values[OPTCR] & _OPTLOCK:
                super().write_register(offset, value)
                self.values[OPTCR] |= value & _OPTLOCK if offset == OPTCR else 0
        else:
            super().write_register(offset, value)

    @staticmethod
    def _next_key(seen: int, keys: tuple[int, int], value: int) -> int:
        """How many right keys have come; 3 means locked until reset."""
        return seen + 1 if seen < 2 and value == keys[seen] else 3
