"""RCC: reset and clock control (RM0385 section 5.3).

Oscillators are ready as soon as they are switched on, and a PLL as soon as it can lock. MCO1 and MCO2,
the clock security system and the ready interrupts are registers only.
"""

from vstm32.base.chip import EnableRegister
from vstm32.base.registers import Register, RegisterBlock
from vstm32.stm32.clock_limits import pll_mistakes
from vstm32.stm32.clock_tree import (
    PPRE1_SHIFT,
    Clocks,
    Pll,
    apb_divider,
    clocks,
    main_pll,
    side_pll,
    timer_cycles,
)
from vstm32.stm32.rcc_block import BDRST, RccBlock, RccLayout

CR, PLLCFGR, CFGR, CIR = 0x00, 0x04, 0x08, 0x0C
AHB1ENR, AHB2ENR, AHB3ENR = EnableRegister.AHB1, EnableRegister.AHB2, EnableRegister.AHB3
APB1ENR, APB2ENR = EnableRegister.APB1, EnableRegister.APB2
BDCR, CSR, PLLI2SCFGR, PLLSAICFGR, DCKCFGR1, DCKCFGR2 = 0x70, 0x74, 0x84, 0x88, 0x8C, 0x90

_HSION, _HSEON, _PLLON, _PLLI2SON, _PLLSAION = 1 << 0, 1 << 16, 1 << 24, 1 << 26, 1 << 28
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


class Rcc(RccBlock):
    """The PLLs do their real arithmetic."""

    layout = RccLayout(
        base=0x4002_3800,
        registers=_REGISTERS,
        control=CR,
        configuration=CFGR,
        backup=BDCR,
        status=CSR,
        usart_clocks=DCKCFGR2,
        internal_on=_HSION,
        system_clocks=(_HSION, _HSEON, _PLLON),
        reset_flags=_RESET_FLAGS,
        remove_reset_flags=_REMOVE_RESET_FLAGS,
        second_bus=APB2ENR,
    )

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

    def _store(self, offset: int, value: int) -> None:
        if offset in (PLLCFGR, PLLI2SCFGR, PLLSAICFGR):
            self._set_pll(offset, value)
        elif offset == BDCR:
            self._write_backup(value)
        else:
            RegisterBlock.write_register(self, offset, value)

    def _set_pll(self, offset: int, value: int) -> None:
        """Section 5.3.2: written only while the PLL is off. All PLLs share source and M of PLLCFGR."""
        running = [name for enable, (name, at) in _PLLS.items() if at == offset and self.values[CR] & enable]
        register = self.registers[offset]
        if not running:
            RegisterBlock.write_register(self, offset, value)
        elif (self.values[offset] ^ value) & register.writable:
            self._complain(f"{running[0]} is on, so RCC_{register.name} keeps its settings.")

    def _write_backup(self, value: int) -> None:
        """Section 5.3.20: BDRST clears the domain; PWR_CR1.DBP opens the rest for writing."""
        if value & BDRST:
            self.values[BDCR] = BDRST
            return
        self.values[BDCR] &= ~BDRST
        self._write_protected_backup(value)

    # --- oscillators and PLLs

    def _is_ready(self, enable: int) -> bool:
        if not self.values[CR] & enable:
            return False
        if enable not in _PLLS:
            return True
        return self.pll(enable).is_allowed and self._has_source()

    @property
    def _source_of_plls(self) -> int:
        return _HSEON if self.values[PLLCFGR] & 1 << 22 else _HSION

    def _has_source(self) -> bool:
        return bool(self.values[CR] & self._source_of_plls)

    def pll(self, enable: int) -> Pll:
        """The settings of the PLL that a bit of CR switches on."""
        at = _PLLS[enable][1]
        if at == PLLCFGR:
            return main_pll(self.values[PLLCFGR], self._kit.hse_hz)
        return side_pll(self.values[PLLCFGR], self.values[at], self._kit.hse_hz)

    def _look_at_plls(self, switched_on: int) -> None:
        for enable, (name, _at) in _PLLS.items():
            if not switched_on & enable:
                continue
            if not self._has_source():
                source = "HSE" if self._source_of_plls == _HSEON else "HSI"
                self._complain(f"{name} does not lock: its source is the {source}, which is off.")
            for sentence in pll_mistakes(name, self.pll(enable), self._chip.limits):
                self._complain(sentence)

    def _keep_system_clock(self) -> None:
        """Section 5.3.1."""
        source = self._system_clock
        self.values[CR] |= source | (self._source_of_plls if source == _PLLON else 0)

    # --- what the rest of the board wants to know

    @property
    def clocks(self) -> Clocks:
        """The bus clocks in Hz as the registers stand."""
        return clocks(self.values[CFGR], self.values[PLLCFGR], self._kit.hse_hz)

    @property
    def pll_on(self) -> bool:
        """Whether PLLON is set."""
        return bool(self.values[CR] & _PLLON)

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
