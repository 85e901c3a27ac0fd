"""RCC: reset and clock control (RM0385 section 5.3).

Oscillators are ready as soon as they are switched on, and a PLL as soon as it can lock. MCO1 and MCO2,
the clock security system and the ready interrupts are registers only.
"""

from collections.abc import Callable

from vstm32.base.chip import Chip, EnableRegister
from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.clock_limits import pll_mistakes
from vstm32.stm32.clock_tree import (
    HSI_HZ,
    PPRE1_SHIFT,
    Clocks,
    Pll,
    apb_divider,
    clocks,
    main_pll,
    side_pll,
    timer_cycles,
)

CR, PLLCFGR, CFGR, CIR = 0x00, 0x04, 0x08, 0x0C
AHB1ENR, AHB2ENR, AHB3ENR = EnableRegister.AHB1, EnableRegister.AHB2, EnableRegister.AHB3
APB1ENR, APB2ENR = EnableRegister.APB1, EnableRegister.APB2
BDCR, CSR, PLLI2SCFGR, PLLSAICFGR, DCKCFGR1, DCKCFGR2 = 0x70, 0x74, 0x84, 0x88, 0x8C, 0x90
RESET_BEFORE_ENABLE = 0x20  # each RSTR register stands that far before its ENR register

_HSION, _HSEON, _PLLON, _PLLI2SON, _PLLSAION = 1 << 0, 1 << 16, 1 << 24, 1 << 26, 1 << 28
_LSEON, _BDRST = 1 << 0, 1 << 16
_TIMPRE, _CK48MSEL = 1 << 24, 1 << 27
_REMOVE_RESET_FLAGS = 1 << 24
_RESET_FLAGS = 0xFE00_0000
PIN_RESET, POWER_RESET, SOFTWARE_RESET, WATCHDOG_RESET = 1 << 26, 1 << 27, 1 << 28, 1 << 29
"""Flags of CSR (section 5.3.21): PINRSTF, PORRSTF, SFTRSTF, IWDGRSTF."""

_REGISTERS = (
    Register("CR", CR, reset=0x0000_0083, writable=0x150D_00F9),
    Register("PLLCFGR", PLLCFGR),
    Register("CFGR", CFGR, reset=0, writable=0xFFFF_FCF3),
    Register("CIR", CIR, writable=0x0000_7F00, unsupported=0x0000_7F00),
    Register("AHB1RSTR", 0x10, writable=0x22E0_17FF),
    Register("AHB2RSTR", 0x14),
    Register("AHB3RSTR", 0x18, writable=0x0000_0003),
    Register("APB1RSTR", 0x20),
    Register("APB2RSTR", 0x24),
    Register("AHB1ENR", AHB1ENR, reset=0x0010_0000, writable=0x7EF4_17FF),
    Register("AHB2ENR", AHB2ENR),
    Register("AHB3ENR", AHB3ENR, writable=0x0000_0003),
    Register("APB1ENR", APB1ENR),
    Register("APB2ENR", APB2ENR),
    Register("AHB1LPENR", 0x50, reset=0x7EF7_B7FF, writable=0x7EF7_B7FF),
    Register("AHB2LPENR", 0x54),
    Register("AHB3LPENR", 0x58, reset=0x0000_0003, writable=0x0000_0003),
    Register("APB1LPENR", 0x60),
    Register("APB2LPENR", 0x64),
    Register("BDCR", BDCR, writable=0x0001_831D),
    Register("CSR", CSR, reset=0x0E00_0000, writable=0x0000_0001),
    Register("SSCGR", 0x80, writable=0xCFFF_FFFF, unsupported=1 << 31),
    Register("PLLI2SCFGR", PLLI2SCFGR, reset=0x2400_3000, writable=0x7F03_7FC0),
    Register("PLLSAICFGR", PLLSAICFGR, reset=0x2400_3000, writable=0x7F03_7FC0),
    Register("DCKCFGR1", DCKCFGR1),
    Register("DCKCFGR2", DCKCFGR2),
)
"""Those with an offset alone are not the same in all chips of the family: see `Chip.registers`."""

_PLLS = {_PLLON: ("PLL", PLLCFGR), _PLLI2SON: ("PLLI2S", PLLI2SCFGR), _PLLSAION: ("PLLSAI", PLLSAICFGR)}


def _nothing() -> None:
    pass


class Rcc(RegisterBlock):
    """The PLLs do their real arithmetic; what is not ready is not switched to."""

    def __init__(
        self,
        chip: Chip,
        *,
        changed: Callable[[], None] = _nothing,
        complain: Callable[[str], None] = lambda _sentence: None,
        backup_writable: Callable[[], bool] = lambda: True,
    ) -> None:
        """`changed` is called after a write, `complain` gets sentences, `backup_writable` is PWR_CR1.DBP."""
        self._chip = chip
        self._changed = changed
        self._complain = complain
        self._backup_writable = backup_writable
        self.resets: dict[tuple[int, int], Callable[[], None]] = {}
        """What to do when a bit of a RSTR register is set: offset and number of the bit."""
        super().__init__("RCC", 0x4002_3800, chip.registers_of("RCC", _REGISTERS))

    def reset(self) -> None:
        """Everything but the backup domain (section 5.1.3): the LSE goes on through a system reset."""
        backup = self.values.get(BDCR, 0)
        super().reset()
        self.values[BDCR] = backup

    def lose_backup(self) -> None:
        """The power was off, and VBAT of the board hangs on it."""
        self.values[BDCR] = 0

    # --- registers

    def read_register(self, offset: int) -> int:
        """Ready flags and SWS follow what they report on."""
        value = self.values[offset]
        if offset == CR:
            for enable in (_HSION, _HSEON, *_PLLS):
                if self._is_ready(enable):
                    value |= enable << 1
        elif offset in (BDCR, CSR) and value & 1:
            value |= 2
        return value

    def write_register(self, offset: int, value: int) -> None:
        """Keeps what hardware protects: a clock in use stays on, a running PLL keeps its settings."""
        before = self.values[offset]
        if offset in (PLLCFGR, PLLI2SCFGR, PLLSAICFGR):
            self._set_pll(offset, value)
        elif offset == BDCR:
            self._write_backup(value)
        else:
            super().write_register(offset, value)
        if offset == CR:
            self._keep_system_clock()
            self._look_at_plls(self.values[CR] & ~before)
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

    def _set_pll(self, offset: int, value: int) -> None:
        """Section 5.3.2: written only while the PLL is off. All PLLs share source and M of PLLCFGR."""
        running = [name for enable, (name, at) in _PLLS.items() if at == offset and self.values[CR] & enable]
        register = self.registers[offset]
        if not running:
            super().write_register(offset, value)
        elif (self.values[offset] ^ value) & register.writable:
            self._complain(f"{running[0]} is on, so RCC_{register.name} keeps its settings.")

    def _write_backup(self, value: int) -> None:
        """Section 5.3.20: BDRST clears the domain; PWR_CR1.DBP opens the rest for writing."""
        if value & _BDRST:
            self.values[BDCR] = _BDRST
            return
        self.values[BDCR] &= ~_BDRST
        writable = self.registers[BDCR].writable
        if self._backup_writable():
            super().write_register(BDCR, value)
        elif (self.values[BDCR] ^ value) & writable:
            self._complain("RCC_BDCR is protected and does not change: DBP in PWR_CR1 is not set.")

    # --- oscillators and PLLs

    def _is_ready(self, enable: int) -> bool:
        if not self.values[CR] & enable:
            return False
        if enable not in _PLLS:
            return True
        return self.pll(enable).is_allowed and self._has_source()

    def _has_source(self) -> bool:
        return bool(self.values[CR] & (_HSEON if self.values[PLLCFGR] & 1 << 22 else _HSION))

    def pll(self, enable: int) -> Pll:
        """The settings of the PLL that a bit of CR switches on."""
        at = _PLLS[enable][1]
        if at == PLLCFGR:
            return main_pll(self.values[PLLCFGR], self._chip.kit.hse_hz)
        return side_pll(self.values[PLLCFGR], self.values[at], self._chip.kit.hse_hz)

    def _look_at_plls(self, switched_on: int) -> None:
        for enable, (name, _at) in _PLLS.items():
            if not switched_on & enable:
                continue
            if not self._has_source():
                source = "HSE" if self.values[PLLCFGR] & 1 << 22 else "HSI"
                self._complain(f"{name} does not lock: its source is the {source}, which is off.")
            for sentence in pll_mistakes(name, self.pll(enable), self._chip.limits):
                self._complain(sentence)

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
        ready = wanted < 3 and self._is_ready((_HSION, _HSEON, _PLLON)[wanted])
        source = wanted if ready else (before >> 2) & 3
        self.values[CFGR] = self.values[CFGR] & ~0xC | source << 2

    # --- what the rest of the board wants to know

    @property
    def clocks(self) -> Clocks:
        """The bus clocks in Hz as the registers stand."""
        return clocks(self.values[CFGR], self.values[PLLCFGR], self._chip.kit.hse_hz)

    @property
    def pll_on(self) -> bool:
        """Whether PLLON is set."""
        return bool(self.values[CR] & _PLLON)

    def pclk_hz(self, enable_register: int) -> int:
        """The clock of the bus of an enable register."""
        return self.clocks.pclk1_hz if enable_register == APB1ENR else self.clocks.pclk2_hz

    def enabled(self, register: int, bit: int) -> bool:
        """Whether a peripheral's clock enable bit is set."""
        return bool(self.values[register] >> bit & 1)

    def held_in_reset(self, register: int, bit: int) -> bool:
        """Whether a peripheral's reset bit is set; `register` is that of its enable bit."""
        return bool(self.values[register - RESET_BEFORE_ENABLE] >> bit & 1)

    @property
    def reset_flags(self) -> int:
        """Why there were resets, as in CSR (section 5.3.21)."""
        return self.values[CSR] & _RESET_FLAGS

    def set_status(self, flags: int) -> None:
        """Sets the reset flags of CSR."""
        self.values[CSR] = flags

    def baud_clock_hz(self, selection: int, pclk_hz: int) -> int:
        """Kernel clock of a USART: DCKCFGR2 field 0 APB, 1 SYSCLK, 2 HSI, 3 LSE (section 5.3.26).

        0 when the oscillator is off.
        """
        field = (self.values[DCKCFGR2] >> selection) & 3
        hsi_hz = HSI_HZ if self.values[CR] & _HSION else 0
        lse_hz = self._chip.kit.lse_hz if self.values[BDCR] & _LSEON else 0
        return (pclk_hz, self.clocks.sysclk_hz, hsi_hz, lse_hz)[field]

    def timer_cycles(self) -> int:
        """Core cycles in a cycle of the clock of the timers on APB1."""
        timpre = bool(self.values[DCKCFGR1] & _TIMPRE)
        return timer_cycles(apb_divider(self.values[CFGR], PPRE1_SHIFT), timpre)

    @property
    def pll48_hz(self) -> int:
        """PLL48CLK, from which USB, SDMMC and RNG run (section 5.3.26, CK48MSEL); 0 while its PLL is off."""
        enable = _PLLSAION if self.values[DCKCFGR2] & _CK48MSEL else _PLLON
        if not self._is_ready(enable):
            return 0
        pll = self.pll(enable)
        divider = pll.divider_p if enable == _PLLSAION else pll.divider_q
        return pll.vco_hz // divider if divider >= 2 else 0
