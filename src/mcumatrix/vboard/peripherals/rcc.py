"""RCC: reset and clock control (RM0385 section 5.3)."""

from mcumatrix.vboard.clock_tree import Clocks, clocks
from mcumatrix.vboard.registers import Register, RegisterBlock

CR, PLLCFGR, CFGR, CIR = 0x00, 0x04, 0x08, 0x0C
AHB1ENR, AHB2ENR, AHB3ENR, APB1ENR, APB2ENR = 0x30, 0x34, 0x38, 0x40, 0x44
BDCR, CSR, DCKCFGR2 = 0x70, 0x74, 0x90

_HSION, _HSEON, _PLLON, _PLLI2SON, _PLLSAION = 1 << 0, 1 << 16, 1 << 24, 1 << 26, 1 << 28
_SOFTWARE_RESET_FLAG, _PIN_RESET_FLAG = 1 << 28, 1 << 26
_REMOVE_RESET_FLAGS = 1 << 24

REGISTERS = (
    Register("CR", CR, reset=0x0000_0083, writable=0x150D_00F9),
    Register("PLLCFGR", PLLCFGR, reset=0x2400_3010, writable=0x2F43_7FFF),
    Register("CFGR", CFGR, reset=0, writable=0xFFFF_FCF3),
    Register("CIR", CIR, writable=0x0000_7F00, unsupported=0x0000_7F00),
    Register("AHB1RSTR", 0x10, writable=0x22E0_17FF),
    Register("AHB2RSTR", 0x14, writable=0x0000_00F1),
    Register("AHB3RSTR", 0x18, writable=0x0000_0003),
    Register("APB1RSTR", 0x20, writable=0xFFFE_CBFF),
    Register("APB2RSTR", 0x24, writable=0x04F7_7933),
    Register("AHB1ENR", AHB1ENR, reset=0x0010_0000, writable=0x7EF4_17FF),
    Register("AHB2ENR", AHB2ENR, writable=0x0000_00F1),
    Register("AHB3ENR", AHB3ENR, writable=0x0000_0003),
    Register("APB1ENR", APB1ENR, writable=0xFFFE_CBFF),
    Register("APB2ENR", APB2ENR, writable=0x04F7_7F33),
    Register("AHB1LPENR", 0x50, reset=0x7EF7_B7FF, writable=0x7EF7_B7FF),
    Register("AHB2LPENR", 0x54, reset=0x0000_00F1, writable=0x0000_00F1),
    Register("AHB3LPENR", 0x58, reset=0x0000_0003, writable=0x0000_0003),
    Register("APB1LPENR", 0x60, reset=0xFFFF_CBFF, writable=0xFFFF_CBFF),
    Register("APB2LPENR", 0x64, reset=0x04F7_7F33, writable=0x04F7_7F33),
    Register("BDCR", BDCR, writable=0x0001_831D),
    Register("CSR", CSR, reset=0x0E00_0000, writable=0x0100_0001),
    Register("SSCGR", 0x80, writable=0xCFFF_FFFF, unsupported=1 << 31),
    Register("PLLI2SCFGR", 0x84, reset=0x2400_3000, writable=0x7F03_7FC0),
    Register("PLLSAICFGR", 0x88, reset=0x2400_3000, writable=0x7F03_7FC0),
    Register("DCKCFGR1", 0x8C, writable=0x01F3_1F1F),
    Register("DCKCFGR2", DCKCFGR2, writable=0x3FFF_FFFF),
)


class Rcc(RegisterBlock):
    """Oscillators are ready as soon as they are switched on; the PLL does its real arithmetic."""

    def __init__(self) -> None:
        super().__init__("RCC", 0x4002_3800, REGISTERS)

    def read_register(self, offset: int) -> int:
        """Ready flags and SWS follow what they report on."""
        value = self.values[offset]
        if offset == CR:
            for enable in (_HSION, _HSEON, _PLLON, _PLLI2SON, _PLLSAION):
                if value & enable:
                    value |= enable << 1
        elif offset in (BDCR, CSR) and value & 1:
            value |= 2
        return value

    def write_register(self, offset: int, value: int) -> None:
        """Keeps what hardware protects: a clock in use stays on, a running PLL keeps its settings."""
        before = self.values[offset]
        if offset == PLLCFGR and self.values[CR] & _PLLON:
            return
        super().write_register(offset, value)
        if offset == CR:
            self._keep_system_clock()
        elif offset == CFGR:
            self._switch_system_clock(before)
        elif offset == CSR and value & _REMOVE_RESET_FLAGS:
            self.values[CSR] &= 0x0000_0001

    def _system_clock(self) -> int:
        return (self.values[CFGR] >> 2) & 3

    def _keep_system_clock(self) -> None:
        """RM0385 section 5.3.1: the bits of the oscillator that is the system clock cannot be cleared."""
        source = self._system_clock()
        from_hse = bool(self.values[PLLCFGR] & 1 << 22)
        if source == 0 or (source == 2 and not from_hse):
            self.values[CR] |= _HSION
        if source == 1 or (source == 2 and from_hse):
            self.values[CR] |= _HSEON
        if source == 2:
            self.values[CR] |= _PLLON

    def _switch_system_clock(self, before: int) -> None:
        """SWS follows SW once the source is ready; until then the old source stays (section 5.3.3)."""
        wanted = self.values[CFGR] & 3
        ready = self.values[CR] & (_HSION, _HSEON, _PLLON, 0)[wanted]
        source = wanted if ready else (before >> 2) & 3
        self.values[CFGR] = self.values[CFGR] & ~0xC | source << 2

    @property
    def clocks(self) -> Clocks:
        """The bus clocks in Hz as the registers stand."""
        return clocks(self.values[CFGR], self.values[PLLCFGR])

    def enabled(self, register: int, bit: int) -> bool:
        """Whether a peripheral's clock enable bit is set."""
        return bool(self.values[register] >> bit & 1)

    def status_after_software_reset(self) -> int:
        """Reset flags of CSR after AIRCR.SYSRESETREQ (section 5.3.21): the old ones stay."""
        return self.values[CSR] & 0xFE00_0000 | _SOFTWARE_RESET_FLAG | _PIN_RESET_FLAG

    def status_after_pin_reset(self) -> int:
        """Reset flags of CSR after the reset pin was low (section 5.3.21): the old ones stay."""
        return self.values[CSR] & 0xFE00_0000 | _PIN_RESET_FLAG

    def set_status(self, flags: int) -> None:
        """Sets the reset flags of CSR."""
        self.values[CSR] = flags

    def baud_clock_hz(self, selection: int, pclk_hz: int) -> int:
        """Kernel clock of a USART: DCKCFGR2 field 0 APB, 1 SYSCLK, 2 HSI, 3 LSE (section 5.3.25)."""
        field = (self.values[DCKCFGR2] >> selection) & 3
        return (pclk_hz, self.clocks.sysclk_hz, 16_000_000, 32_768)[field]
