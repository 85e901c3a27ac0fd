"""The clock tree of the STM32L4+ as arithmetic (RM0432 section 6.2 and figure 15)."""

from dataclasses import dataclass

from vstm32.stm32.clock_limits import mhz
from vstm32.stm32.clock_tree import AHB_DIVIDERS, APB_DIVIDERS, HSI_HZ, Clocks

MSI_RANGES_HZ = (
    *(100_000, 200_000, 400_000, 800_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000),
    *(16_000_000, 24_000_000, 32_000_000, 48_000_000),
)
"""What MSIRANGE chooses (RM0432 section 6.4.1)."""

RESET_RANGE = 6
NO_SOURCE, FROM_MSI, FROM_HSI, FROM_HSE = range(4)
"""PLLSRC (RM0432 section 6.4.4)."""

PPRE1_SHIFT, PPRE2_SHIFT = 8, 11
_VCO_INPUT_HZ = (2_660_000, 16_000_000)
_VCO_HZ = (64_000_000, 344_000_000)


@dataclass(frozen=True, slots=True)
class L4Pll:
    """The settings of the main PLL, as dividers and a multiplier; `source_hz` is 0 if it has no source."""

    source_hz: int
    divider_m: int
    multiplier_n: int
    divider_r: int
    has_output_r: bool

    @property
    def vco_hz(self) -> int:
        """What the VCO runs at."""
        return self.source_hz * self.multiplier_n // self.divider_m

    @property
    def is_allowed(self) -> bool:
        """Whether N has no value that RM0432 section 6.4.4 calls a wrong configuration."""
        return 8 <= self.multiplier_n <= 127

    @property
    def output_hz(self) -> int:
        """PLLCLK, which the core can run from; 0 while it is not let out."""
        return self.vco_hz // self.divider_r if self.has_output_r and self.is_allowed else 0

    def mistakes(self) -> tuple[str, ...]:
        """What is wrong with it when it is switched on (RM0432 section 6.2.5), as sentences."""
        if not self.is_allowed:
            return (f"PLL does not lock: N is {self.multiplier_n}, and it can be 8 to 127.",)
        said = []
        input_hz = self.source_hz / self.divider_m
        if not _VCO_INPUT_HZ[0] <= input_hz <= _VCO_INPUT_HZ[1]:
            said.append(f"The VCO of PLL gets {mhz(input_hz)}, and it wants 2.66 MHz to 16 MHz: look at M.")
        if not _VCO_HZ[0] <= self.vco_hz <= _VCO_HZ[1]:
            said.append(
                f"The VCO of PLL runs at {mhz(self.vco_hz)}, and it can do 64 MHz to 344 MHz: look at N."
            )
        return tuple(said)


def main_pll(pllcfgr: int, *, msi_hz: int, hse_hz: int) -> L4Pll:
    """The main PLL as RCC_PLLCFGR sets it (RM0432 section 6.4.4)."""
    return L4Pll(
        source_hz=(0, msi_hz, HSI_HZ, hse_hz)[pllcfgr & 3],
        divider_m=(pllcfgr >> 4 & 0xF) + 1,
        multiplier_n=pllcfgr >> 8 & 0x7F,
        divider_r=2 * (pllcfgr >> 25 & 3) + 2,
        has_output_r=bool(pllcfgr >> 24 & 1),
    )


def clocks(cfgr: int, sources_hz: tuple[int, int, int, int]) -> Clocks:
    """Every bus clock, from RCC_CFGR; the sources are those of SWS: MSI, HSI16, HSE, PLL."""
    sysclk = sources_hz[cfgr >> 2 & 3]
    hclk = sysclk // AHB_DIVIDERS[cfgr >> 4 & 0xF]
    return Clocks(
        sysclk_hz=sysclk,
        hclk_hz=hclk,
        pclk1_hz=hclk // APB_DIVIDERS[cfgr >> PPRE1_SHIFT & 7],
        pclk2_hz=hclk // APB_DIVIDERS[cfgr >> PPRE2_SHIFT & 7],
    )
