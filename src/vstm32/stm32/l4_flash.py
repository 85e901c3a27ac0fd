"""FLASH interface of the STM32L4+ (RM0432 section 3): pages, and double words of 64 bits.

What it does while the core runs is in native/flash.c. Fast programming, option bytes and the error
correction are
not modelled. What wait states, prefetch and the two caches do to time is known to the timing model.
"""

from vstm32.base.chip import Chip, FlashLayout
from vstm32.base.registers import Register
from vstm32.native.library import lib
from vstm32.stm32.flash import (
    EOP,
    LOCK,
    OPERR,
    PG,
    PGAERR,
    WRPERR,
    FlashInterface,
    Offsets,
)

ACR, PDKEYR, KEYR, OPTKEYR, SR, CR, ECCR, OPTR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20
PROGERR: int = lib.FLASH_SR_PROGERR
SIZERR: int = lib.FLASH_SR_PGPERR
PGSERR: int = lib.FLASH_SR_ERSERR
PER: int = lib.FLASH_CR_SER
OPTLOCK = 1 << 30
_PRFTEN, _ICEN, _DCEN, _ICRST, _DCRST = 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12
_MISERR, _FASTERR, _RDERR, _OPTVERR = 1 << 8, 1 << 9, 1 << 14, 1 << 15
_POWER_DOWN = 3 << 13
_NOT_MODELLED = 1 << 17 | 1 << 18 | 1 << 26 | 1 << 27  # OPTSTRT, FSTPG, RDERRIE, OBL_LAUNCH

# Option registers that firmware may read: name, offset, what they hold in a chip as it is delivered.
_OPTIONS = (
    ("PCROP1SR", 0x24, 0xFFFF_FFFF),
    ("PCROP1ER", 0x28, 0x0000_0000),
    ("WRP1AR", 0x2C, 0xFF00_FFFF),
    ("WRP1BR", 0x30, 0xFF00_FFFF),
    ("PCROP2SR", 0x44, 0xFFFF_FFFF),
    ("PCROP2ER", 0x48, 0x0000_0000),
    ("WRP2AR", 0x4C, 0xFF00_FFFF),
    ("WRP2BR", 0x50, 0xFF00_FFFF),
)


class L4FlashInterface(FlashInterface):
    """CR stays locked until the right two keys, its option bits until two more."""

    base_address = 0x4002_2000
    at = Offsets(ACR, KEYR, OPTKEYR, SR, CR)
    clearable = (
        EOP | OPERR | PROGERR | WRPERR | PGAERR | SIZERR | PGSERR | _MISERR | _FASTERR | _RDERR | _OPTVERR
    )
    complains_of = PROGERR | PGAERR | SIZERR | PGSERR
    bad_sequence = "PGSERR"

    @staticmethod
    def _registers_of(chip: Chip, layout: FlashLayout) -> tuple[Register, ...]:
        return (
            Register("ACR", ACR, reset=_ICEN | _DCEN, writable=0x0000_7F0F, unsupported=_POWER_DOWN),
            Register("PDKEYR", PDKEYR),
            Register("KEYR", KEYR),
            Register("OPTKEYR", OPTKEYR),
            Register("SR", SR),
            Register(
                "CR",
                CR,
                reset=LOCK | OPTLOCK,
                writable=chip.flash.control.writable,
                unsupported=_NOT_MODELLED,
            ),
            Register("ECCR", ECCR),
            Register("OPTR", OPTR, reset=layout.option_control, writable=chip.flash.option_control_writable),
            *(Register(name, offset, reset=value) for name, offset, value in _OPTIONS),
        )

    def reset(self) -> None:
        """As that of an STM32F7; no first word of two has been stored."""
        self._state.double_words = 1
        super().reset()

    def read_register(self, offset: int) -> int:
        """PDKEYR reads as zero too."""
        return 0 if offset == PDKEYR else super().read_register(offset)

    def _access_changed(self) -> None:
        """ACR (section 3.7.1): wait states, prefetch, and the two caches, which are emptied while they are
        off."""
        access = self.values[ACR]
        blocks = self._core.blocks
        blocks.set_memory_system(
            wait_states=self.wait_states,
            prefetch=bool(access & _PRFTEN),
            instruction_cache=bool(access & _ICEN),
            data_cache=bool(access & _DCEN),
        )
        if access & _ICRST and not access & _ICEN:
            blocks.invalidate_lines()
        if access & _DCRST and not access & _DCEN:
            blocks.invalidate_data_lines()

    def _unlock_options(self) -> None:
        self.values[CR] &= ~OPTLOCK

    def _write_options(self, offset: int, value: int) -> None:
        if offset == OPTR and not self.values[CR] & OPTLOCK:
            self.values[OPTR] = value & self.registers[OPTR].writable

    def _write_control(self, value: int) -> None:
        super()._write_control(value)
        self.values[CR] |= value & OPTLOCK

    def _control_changed(self) -> None:
        if not self._control & PG:
            self._state.has_first = 0
        super()._control_changed()

    def _reason(self, flags: int, control: int) -> str:
        if flags & PGSERR and control & LOCK:
            return "CR is locked (PGSERR)"
        if flags & PGSERR and not control & PG:
            return "PG is not set in CR (PGSERR)"
        if flags & PGSERR and control & (PER | self._mass_erase):
            return "PER or MER is set in CR (PGSERR)"
        if flags & PGSERR:
            return "an error of before is still set in SR (PGSERR)"
        if flags & SIZERR:
            return "flash takes words alone, two for each double word (SIZERR)"
        if flags & PROGERR:
            return "the double word is not erased (PROGERR)"
        return "it is not the next word of a double word (PGAERR)"
