"""The clock tree of the STM32F746 as arithmetic (RM0385 section 5.2 and figure 13)."""

from dataclasses import dataclass
from functools import lru_cache

HSI_HZ = 16_000_000
HSE_HZ = 25_000_000  # the crystal X2 of the 32F746GDISCOVERY (UM1907)

# RCC_CFGR HPRE, PPRE1 and PPRE2 (RM0385 section 5.3.3): dividers by the value of the field.
_AHB_DIVIDERS = (1,) * 8 + (2, 4, 8, 16, 64, 128, 256, 512)
_APB_DIVIDERS = (1,) * 4 + (2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What runs at which rate, in Hz."""

    sysclk_hz: int
    hclk_hz: int
    pclk1_hz: int
    pclk2_hz: int


def pll_hz(pllcfgr: int) -> int:
    """Main PLL output in Hz: source / M x N / P (RM0385 section 5.3.2); 0 for forbidden settings."""
    source = HSE_HZ if pllcfgr & (1 << 22) else HSI_HZ
    divider_m = pllcfgr & 0x3F
    multiplier_n = (pllcfgr >> 6) & 0x1FF
    divider_p = 2 * ((pllcfgr >> 16) & 3) + 2
    if divider_m < 2 or not 50 <= multiplier_n <= 432:
        return 0
    return source * multiplier_n // (divider_m * divider_p)


@lru_cache(maxsize=64)
def clocks(cfgr: int, pllcfgr: int) -> Clocks:
    """Every bus clock, from RCC_CFGR (its SWS field says what the system clock is) and RCC_PLLCFGR."""
    source = (cfgr >> 2) & 3
    sysclk = (HSI_HZ, HSE_HZ, pll_hz(pllcfgr), HSI_HZ)[source]
    hclk = sysclk // _AHB_DIVIDERS[(cfgr >> 4) & 0xF]
    return Clocks(
        sysclk_hz=sysclk,
        hclk_hz=hclk,
        pclk1_hz=hclk // _APB_DIVIDERS[(cfgr >> 10) & 7],
        pclk2_hz=hclk // _APB_DIVIDERS[(cfgr >> 13) & 7],
    )
