"""RCC of the STM32L4+: reset and clock control (RM0432 section 6.4).

Oscillators are ready as soon as they are switched on, and the PLL as soon as it can lock. PLLSAI1 and
PLLSAI2, MCO, the clock security system and the ready interrupts are registers only.
"""

from collections.abc import Callable

from vstm32.base.chip import Chip, L4EnableRegister
from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.clock_tree import HSI_HZ, Clocks, apb_divider
from vstm32.stm32.l4_clock_tree import (
    FROM_HSE,
    FROM_HSI,
    FROM_MSI,
    MSI_RANGES_HZ,
    PPRE1_SHIFT,
    RESET_RANGE,
    L4Pll,
    clocks,
    main_pll,
)

CR, ICSCR, CFGR, PLLCFGR, PLLSAI1CFGR, PLLSAI2CFGR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
CIER, CIFR, CICR, CCIPR, BDCR, CSR, CRRCR, CCIPR2 = 0x18, 0x1C, 0x20, 0x88, 0x90, 0x94, 0x98, 0x9C
RESET_BEFORE_ENABLE = 0x20  # each RSTR register stands that far before its ENR register
AHB1, AHB2, AHB3 = L4EnableRegister.AHB1, L4EnableRegister.AHB2, L4EnableRegister.AHB3
APB1, APB1_SECOND, APB2 = L4EnableRegister.APB1, L4EnableRegister.APB1_SECOND, L4EnableRegister.APB2

_MSION, _HSION, _HSEON, _PLLON = 1 << 0, 1 << 8, 1 << 16, 1 << 24
_MSIRGSEL = 1 << 3
_SIDE_PLLS = 1 << 26 | 1 << 28
_READY = {_MSION: 1 << 1, _HSION: 1 << 10, _HSEON: 1 << 17, _PLLON: 1 << 25}
_LSEON, _BDRST = 1 << 0, 1 << 16
_REMOVE_RESET_FLAGS = 1 << 23
_RESET_FLAGS = 0xFF00_0000
_SOURCES = (_MSION, _HSION, _HSEON, _PLLON)
"""What SW chooses, in its order."""

_BUSES = {
    AHB1: ("AHB1", 0x0003_1107, 0x0000_0100),
    AHB2: ("AHB2", 0x0054_71FF, 0),
    AHB3: ("AHB3", 0x0000_0301, 0),
    APB1: ("APB1", 0xF3FE_CC3F, 0x0000_0400),
    APB1_SECOND: ("APB1", 0x0000_0023, 0),
    APB2: ("APB2", 0x0167_7881, 0),
}
"""Name, the bits that there are, and what is on after reset (RM0432 sections 6.4.16 to 6.4.21, and ST's
CMSIS headers); the registers for resets and for sleep have the same bits but those below."""

_NO_RESET = {AHB1: 0, APB1: 0x0000_0C00, APB2: 0x0000_0080}
"""RTCAPB, WWDG and FW: enabled, and not reset by RCC."""


def _bus_registers() -> tuple[Register, ...]:
    registers = []
    for at, (bus, bits, reset) in _BUSES.items():
        number = {APB1: "1", APB1_SECOND: "2"}.get(at, "")
        registers += [
            Register(f"{bus}RSTR{number}", at - RESET_BEFORE_ENABLE, writable=bits & ~_NO_RESET.get(at, 0)),
            Register(f"{bus}ENR{number}", at, reset=reset, writable=bits),
            Register(f"{bus}SMENR{number}", at + RESET_BEFORE_ENABLE, reset=bits, writable=bits),
        ]
    return tuple(registers)


_REGISTERS = (
    Register("CR", CR, reset=0x0000_0061, writable=0x150D_0BFD, unsupported=_SIDE_PLLS),
    Register("ICSCR", ICSCR, reset=0x4000_0000, writable=0x7F00_FF00),
    Register("CFGR", CFGR, writable=0x7F00_BFF3),
    Register("PLLCFGR", PLLCFGR, reset=0x0000_1000, writable=0xFF73_7FF3),
    Register("PLLSAI1CFGR", PLLSAI1CFGR, reset=0x0000_1000, writable=0xFF73_7FF0),
    Register("PLLSAI2CFGR", PLLSAI2CFGR, reset=0x0000_1000, writable=0xFF73_7FF0),
    Register("CIER", CIER, writable=0x0000_06FF, unsupported=0x0000_06FF),
    Register("CIFR", CIFR),
    Register("CICR", CICR),
    *_bus_registers(),
    Register("CCIPR", CCIPR, writable=0x3C3F_FFFF),
    Register("BDCR", BDCR, writable=0x0301_833D),
    Register("CSR", CSR, reset=0x0C00_0600, writable=0x0000_0F01),
    Register("CRRCR", CRRCR, writable=0x0000_0001),
    Register("CCIPR2", CCIPR2, writable=0x0030_FFFF),
)


class L4Rcc(RegisterBlock):
    """What is not ready is not switched to."""

    def __init__(
        self,
        chip: Chip,
        *,
        changed: Callable[[], None] = lambda: None,
        complain: Callable[[str], None] = lambda _sentence: None,
        backup_writable: Callable[[], bool] = lambda: True,
    ) -> None:
        """As `Rcc`; `backup_writable` is PWR_CR1.DBP."""
        self._kit = chip.kit
        self._changed = changed
        self._complain = complain
        self._backup_writable = backup_writable
        self.resets: dict[tuple[int, int], Callable[[], None]] = {}
        """What to do when a bit of a RSTR register is set: offset and number of the bit."""
        super().__init__("RCC", 0x4002_1000, chip.registers_of("RCC", _REGISTERS))

    def reset(self) -> None:
        """Everything but the backup domain (RM0432 section 6.1.3)."""
        backup = self.values.get(BDCR, 0)
        super().reset()
        self.values[BDCR] = backup

    def lose_backup(self) -> None:
        """The power was off, and VBAT of the board hangs on it."""
        self.values[BDCR] = 0

    # --- registers

    def read_register(self, offset: int) -> int:
        """Ready flags follow what they report on."""
        value = self.values[offset]
        if offset == CR:
            return value | sum(ready for enable, ready in _READY.items() if self._is_ready(enable))
        if offset in (BDCR, CSR, CRRCR) and value & 1:
            value |= 2
        return value

    def write_register(self, offset: int, value: int) -> None:
        """Keeps what hardware protects: a clock in use stays on, a running PLL keeps its settings."""
        before = self.values[offset]
        if offset == BDCR:
            self._write_backup(value)
        elif offset == PLLCFGR:
            self._write_pll(value)
        else:
            super().write_register(offset, value)
        if offset == CR:
            self._keep_system_clock()
            if self.values[CR] & ~before & _PLLON:
                self._look_at_pll()
            self._switch_system_clock(self.values[CFGR])
        elif offset == CFGR:
            self._switch_system_clock(before)
        elif offset == CSR and value & _REMOVE_RESET_FLAGS:
            self.values[CSR] &= ~_RESET_FLAGS
        for (register, bit), reset in self.resets.items():
            if register == offset and self.values[offset] & ~before & 1 << bit:
                reset()
        if self.values[offset] != before:
            self._changed()

    def _write_pll(self, value: int) -> None:
        """Section 6.4.4: while the PLL is on, only its outputs can be let out or not."""
        outputs = 1 << 16 | 1 << 20 | 1 << 24
        kept = self.registers[PLLCFGR].writable & ~outputs if self.values[CR] & _PLLON else 0
        if (self.values[PLLCFGR] ^ value) & kept:
            self._complain("PLL is on, so RCC_PLLCFGR keeps its settings.")
        super().write_register(PLLCFGR, value & ~kept | self.values[PLLCFGR] & kept)

    def _write_backup(self, value: int) -> None:
        """Section 6.4.29: BDRST clears the domain; PWR_CR1.DBP opens the rest for writing."""
        if not self._backup_writable():
            if (self.values[BDCR] ^ value) & self.registers[BDCR].writable:
                self._complain("RCC_BDCR is protected and does not change: DBP in PWR_CR1 is not set.")
        elif value & _BDRST:
            self.values[BDCR] = _BDRST
        else:
            super().write_register(BDCR, value)

    # --- oscillators and the PLL

    @property
    def _msi_hz(self) -> int:
        """Section 6.4.1: MSIRANGE counts once MSIRGSEL is set, which only a reset clears."""
        control = self.values[CR]
        chosen = control >> 4 & 0xF if control & _MSIRGSEL else self.values[CSR] >> 8 & 0xF
        return MSI_RANGES_HZ[chosen] if chosen < len(MSI_RANGES_HZ) else MSI_RANGES_HZ[RESET_RANGE]

    @property
    def pll(self) -> L4Pll:
        """The settings of the main PLL."""
        return main_pll(self.values[PLLCFGR], msi_hz=self._msi_hz, hse_hz=self._kit.hse_hz)

    def _source_of_pll(self) -> int:
        """The bit of CR that switches on what the PLL runs from; 0 if it has none."""
        chosen = {FROM_MSI: _MSION, FROM_HSI: _HSION, FROM_HSE: _HSEON}
        return chosen.get(self.values[PLLCFGR] & 3, 0)

    def _is_ready(self, enable: int) -> bool:
        if not self.values[CR] & enable:
            return False
        if enable != _PLLON:
            return True
        return self.pll.is_allowed and bool(self.values[CR] & self._source_of_pll())

    def _look_at_pll(self) -> None:
        source = self._source_of_pll()
        if not self.values[CR] & source:
            self._complain("PLL does not lock: its source in RCC_PLLCFGR is off, or there is none.")
            return
        for sentence in self.pll.mistakes():
            self._complain(sentence)

    def _keep_system_clock(self) -> None:
        """Section 6.4.1: the bits of what the system clock comes from cannot be cleared."""
        source = _SOURCES[self.values[CFGR] >> 2 & 3]
        self.values[CR] |= source | (self._source_of_pll() if source == _PLLON else 0)

    def _switch_system_clock(self, before: int) -> None:
        """SWS follows SW once the source is ready; until then the old source stays (section 6.4.3)."""
        wanted = self.values[CFGR] & 3
        ready = self._is_ready(_SOURCES[wanted]) and (wanted != 3 or self.pll.output_hz > 0)
        source = wanted if ready else before >> 2 & 3
        self.values[CFGR] = self.values[CFGR] & ~0xC | source << 2

    # --- what the rest of the board wants to know

    @property
    def clocks(self) -> Clocks:
        """The bus clocks in Hz as the registers stand."""
        return clocks(self.values[CFGR], (self._msi_hz, HSI_HZ, self._kit.hse_hz, self.pll.output_hz))

    def pclk_hz(self, enable_register: int) -> int:
        """The clock of the bus of an enable register."""
        return self.clocks.pclk2_hz if enable_register == APB2 else self.clocks.pclk1_hz

    def enabled(self, register: int, bit: int) -> bool:
        """Whether a peripheral's clock enable bit is set."""
        return bool(self.values[register] >> bit & 1)

    def held_in_reset(self, register: int, bit: int) -> bool:
        """Whether a peripheral's reset bit is set; `register` is that of its enable bit."""
        return bool(self.values[register - RESET_BEFORE_ENABLE] >> bit & 1)

    @property
    def reset_flags(self) -> int:
        """Why there were resets, as in CSR (section 6.4.30)."""
        return self.values[CSR] & _RESET_FLAGS

    def set_status(self, flags: int) -> None:
        """Sets the reset flags of CSR."""
        self.values[CSR] = self.values[CSR] & ~_RESET_FLAGS | flags & _RESET_FLAGS

    def baud_clock_hz(self, selection: int, pclk_hz: int) -> int:
        """Kernel clock of a UART: CCIPR field 0 APB, 1 SYSCLK, 2 HSI16, 3 LSE (section 6.4.28).

        0 when the oscillator is off.
        """
        field = self.values[CCIPR] >> selection & 3
        hsi_hz = HSI_HZ if self.values[CR] & _HSION else 0
        lse_hz = self._kit.lse_hz if self.values[BDCR] & _LSEON else 0
        return (pclk_hz, self.clocks.sysclk_hz, hsi_hz, lse_hz)[field]

    def timer_cycles(self) -> int:
        """Core cycles in a cycle of the timers' clock (section 6.2.15): twice the bus clock if that is
        divided."""
        return max(apb_divider(self.values[CFGR], PPRE1_SHIFT) // 2, 1)
