"""RCC of the STM32L4+: reset and clock control (RM0432 section 6.4).

Oscillators are ready as soon as they are switched on, and the PLL as soon as it can lock. PLLSAI1 and
PLLSAI2, MCO, the clock security system and the ready interrupts are registers only.
"""

from vstm32.base.chip import L4EnableRegister
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
from vstm32.stm32.rcc_block import BDRST, RESET_BEFORE_ENABLE, RccBlock, RccLayout

CR, ICSCR, CFGR, PLLCFGR, PLLSAI1CFGR, PLLSAI2CFGR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
CIER, CIFR, CICR, CCIPR, BDCR, CSR, CRRCR, CCIPR2 = 0x18, 0x1C, 0x20, 0x88, 0x90, 0x94, 0x98, 0x9C
AHB1, AHB2, AHB3 = L4EnableRegister.AHB1, L4EnableRegister.AHB2, L4EnableRegister.AHB3
APB1, APB1_SECOND, APB2 = L4EnableRegister.APB1, L4EnableRegister.APB1_SECOND, L4EnableRegister.APB2

_MSION, _HSION, _HSEON, _PLLON = 1 << 0, 1 << 8, 1 << 16, 1 << 24
_MSIRGSEL = 1 << 3
_SIDE_PLLS = 1 << 26 | 1 << 28
_READY = {_MSION: 1 << 1, _HSION: 1 << 10, _HSEON: 1 << 17, _PLLON: 1 << 25}
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

_IN_SLEEP = {AHB1: 0x0000_0200, AHB2: 0x0000_0600}
"""SRAM1, SRAM2 and SRAM3: never off but in sleep."""

_NOT_IN_SLEEP = {APB2: 0x0000_0080}
"""FW."""


def _bus_registers() -> tuple[Register, ...]:
    registers = []
    for at, (bus, bits, reset) in _BUSES.items():
        number = {APB1: "1", APB1_SECOND: "2"}.get(at, "")
        in_sleep = bits & ~_NOT_IN_SLEEP.get(at, 0) | _IN_SLEEP.get(at, 0)
        registers += [
            Register(f"{bus}RSTR{number}", at - RESET_BEFORE_ENABLE, writable=bits & ~_NO_RESET.get(at, 0)),
            Register(f"{bus}ENR{number}", at, reset=reset, writable=bits),
            Register(f"{bus}SMENR{number}", at + RESET_BEFORE_ENABLE, reset=in_sleep, writable=in_sleep),
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
    Register("CCIPR2", CCIPR2, writable=0x0033_47FF),
)


class L4Rcc(RccBlock):
    """The main PLL does its real arithmetic."""

    layout = RccLayout(
        base=0x4002_1000,
        registers=_REGISTERS,
        control=CR,
        configuration=CFGR,
        backup=BDCR,
        status=CSR,
        usart_clocks=CCIPR,
        internal_on=_HSION,
        system_clocks=_SOURCES,
        reset_flags=_RESET_FLAGS,
        remove_reset_flags=_REMOVE_RESET_FLAGS,
        second_bus=APB2,
    )

    # --- registers

    def read_register(self, offset: int) -> int:
        """Ready flags follow what they report on."""
        value = self.values[offset]
        if offset == CR:
            return value | sum(ready for enable, ready in _READY.items() if self._is_ready(enable))
        if offset in (BDCR, CSR, CRRCR) and value & 1:
            value |= 2
        return value

    def _store(self, offset: int, value: int) -> None:
        if offset == BDCR:
            self._write_backup(value)
        elif offset == PLLCFGR:
            self._write_pll(value)
        else:
            RegisterBlock.write_register(self, offset, value)

    def _write_pll(self, value: int) -> None:
        """Section 6.4.4: while the PLL is on, only its outputs can be let out or not."""
        outputs = 1 << 16 | 1 << 20 | 1 << 24
        kept = self.registers[PLLCFGR].writable & ~outputs if self.values[CR] & _PLLON else 0
        if (self.values[PLLCFGR] ^ value) & kept:
            self._complain("PLL is on, so RCC_PLLCFGR keeps its settings.")
        RegisterBlock.write_register(self, PLLCFGR, value & ~kept | self.values[PLLCFGR] & kept)

    def _write_backup(self, value: int) -> None:
        """Section 6.4.29: BDRST clears the domain; PWR_CR1.DBP opens the rest for writing."""
        if value & BDRST and self._backup_writable():
            self.values[BDCR] = BDRST
        else:
            self._write_protected_backup(value)

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

    def _look_at_plls(self, switched_on: int) -> None:
        if not switched_on & _PLLON:
            return
        source = self._source_of_pll()
        if not self.values[CR] & source:
            self._complain("PLL does not lock: its source in RCC_PLLCFGR is off, or there is none.")
            return
        for sentence in self.pll.mistakes():
            self._complain(sentence)

    def _keep_system_clock(self) -> None:
        """Section 6.4.1."""
        source = self._system_clock
        self.values[CR] |= source | (self._source_of_pll() if source == _PLLON else 0)

    def _can_run_from(self, enable: int) -> bool:
        return self._is_ready(enable) and (enable != _PLLON or self.pll.output_hz > 0)

    # --- what the rest of the board wants to know

    @property
    def clocks(self) -> Clocks:
        """The bus clocks in Hz as the registers stand."""
        return clocks(self.values[CFGR], (self._msi_hz, HSI_HZ, self._kit.hse_hz, self.pll.output_hz))

    def timer_cycles(self) -> int:
        """Core cycles in a cycle of the timers' clock (section 6.2.15): twice the bus clock if that is
        divided."""
        return max(apb_divider(self.values[CFGR], PPRE1_SHIFT) // 2, 1)
