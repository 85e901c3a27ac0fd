"""The clock tree of the STM32F7 as arithmetic (RM0385 section 5.2 and figure 13)."""

from dataclasses import dataclass
from functools import lru_cache

HSI_HZ = 16_000_000
LSI_HZ = 32_000  # RM0385 section 5.2.5; the real one is between 17 and 47 kHz (DS10916)

# RCC_CFGR HPRE, PPRE1 and PPRE2 (RM0385 section 5.3.3): dividers by the value of the field.
AHB_DIVIDERS = (1,) * 8 + (2, 4, 8, 16, 64, 128, 256, 512)
APB_DIVIDERS = (1,) * 4 + (2, 4, 8, 16)
PPRE1_SHIFT, PPRE2_SHIFT = 10, 13


@dataclass(frozen=True, slots=True)
class Clocks:
    """What runs at which rate, in Hz."""

    sysclk_hz: int
    hclk_hz: int
    pclk1_hz: int
    pclk2_hz: int


@dataclass(frozen=True, slots=True)
class Pll:
    """The settings of a PLL: what its input divider, multiplier and output dividers are."""

    source_hz: int
    divider_m: int
    multiplier_n: int
    divider_p: int
    divider_q: int

    @property
    def is_allowed(self) -> bool:
        """Whether M and N have no value that RM0385 section 5.3.2 calls a wrong configuration."""
        return self.divider_m >= 2 and 50 <= self.multiplier_n <= 432

    @property
    def input_hz(self) -> float:
        """What the VCO compares its own clock with; M is not 0."""
        return self.source_hz / self.divider_m

    @property
    def vco_hz(self) -> int:
        """What the VCO runs at; M is not 0."""
        return self.source_hz * self.multiplier_n // self.divider_m


def _source_hz(pllcfgr: int, hse_hz: int) -> int:
    return hse_hz if pllcfgr & (1 << 22) else HSI_HZ


def main_pll(pllcfgr: int, hse_hz: int) -> Pll:
    """The main PLL as RCC_PLLCFGR sets it (RM0385 section 5.3.2)."""
    return Pll(
        source_hz=_source_hz(pllcfgr, hse_hz),
        divider_m=pllcfgr & 0x3F,
        multiplier_n=(pllcfgr >> 6) & 0x1FF,
        divider_p=2 * ((pllcfgr >> 16) & 3) + 2,
        divider_q=(pllcfgr >> 24) & 0xF,
    )


def side_pll(pllcfgr: int, own: int, hse_hz: int) -> Pll:
    """PLLI2S or PLLSAI: source and M of the main PLL, the rest from their own register (section 5.3.23)."""
    return Pll(
        source_hz=_source_hz(pllcfgr, hse_hz),
        divider_m=pllcfgr & 0x3F,
        multiplier_n=(own >> 6) & 0x1FF,
        divider_p=2 * ((own >> 16) & 3) + 2,
        divider_q=(own >> 24) & 0xF,
    )


def pll_hz(pllcfgr: int, hse_hz: int) -> int:
    """Main PLL output in Hz: source / M x N / P (RM0385 section 5.3.2); 0 for forbidden settings."""
    pll = main_pll(pllcfgr, hse_hz)
    if not pll.is_allowed:
        return 0
    return pll.source_hz * pll.multiplier_n // (pll.divider_m * pll.divider_p)


@lru_cache(maxsize=64)
def clocks(cfgr: int, pllcfgr: int, hse_hz: int) -> Clocks:
    """Every bus clock, from RCC_CFGR (its SWS field says what the system clock is), RCC_PLLCFGR and HSE."""
    source = (cfgr >> 2) & 3
    sysclk = (HSI_HZ, hse_hz, pll_hz(pllcfgr, hse_hz), HSI_HZ)[source]
    hclk = sysclk // AHB_DIVIDERS[(cfgr >> 4) & 0xF]
    return Clocks(
        sysclk_hz=sysclk,
        hclk_hz=hclk,
        pclk1_hz=hclk // apb_divider(cfgr, PPRE1_SHIFT),
        pclk2_hz=hclk // apb_divider(cfgr, PPRE2_SHIFT),
    )


def apb_divider(cfgr: int, shift: int) -> int:
    """What HCLK is divided by for a peripheral bus; `shift` is PPRE1_SHIFT or PPRE2_SHIFT."""
    return APB_DIVIDERS[(cfgr >> shift) & 7]


def timer_cycles(apb_divider: int, timpre: bool) -> int:
    """Core cycles in one cycle of the timers' clock (RM0385 section 5.2.12, DCKCFGR1.TIMPRE).

    TIMPRE = 0: the bus clock if the bus is not divided, else twice the bus clock. TIMPRE = 1: HCLK for
    dividers up to 4, else four times the bus clock.
    """
    return max(apb_divider // (4 if timpre else 2), 1)
