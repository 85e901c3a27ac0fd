"""The memory map of the STM32F746xG as data (RM0385 rev 8, section 2.2.2, table 1 and figure 2).

`REGIONS` is memory, `BLOCKS` are the names of the peripheral windows. A name in `BLOCKS` does not
mean that the block is modelled: it lets a fault say what the firmware wanted.
"""

from dataclasses import dataclass
from enum import StrEnum


class Storage(StrEnum):
    """Which part of the board's memory stands behind a region; aliases share one."""

    FLASH = "flash"
    ITCM = "itcm"
    RAM = "ram"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Region:
    """`size_bytes` of memory at `base`, found at `offset` of its storage."""

    name: str
    base: int
    size_bytes: int
    storage: Storage
    offset: int = 0
    writable: bool = True
    executable: bool = True

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size_bytes

    def holds(self, address: int, size_bytes: int = 1) -> bool:
        """Whether all of the range lies in this region."""
        return self.base <= address and address + size_bytes <= self.end


@dataclass(frozen=True, slots=True)
class Window:
    """A named range of peripheral registers."""

    name: str
    base: int
    size_bytes: int = 0x400

    def holds(self, address: int) -> bool:
        """Whether the address lies in this window."""
        return self.base <= address < self.base + self.size_bytes


FLASH_BASE = 0x0800_0000
FLASH_SIZE_BYTES = 1024 * 1024
FLASH_ITCM_BASE = 0x0020_0000
ITCM_BASE = 0x0000_0000
ITCM_SIZE_BYTES = 16 * 1024
RAM_BASE = 0x2000_0000
RAM_SIZE_BYTES = 320 * 1024
IDENTITY_BASE = 0x1FF0_F000
IDENTITY_SIZE_BYTES = 0x1000
PERIPHERAL_BASE = 0x4000_0000
PERIPHERAL_SIZE_BYTES = 0x8_0000
AHB2_BASE = 0x5006_0000  # the part of it that has RNG; USB OTG FS and DCMI stand before it
AHB2_SIZE_BYTES = 0x1000
PPB_BASE = 0xE000_0000
PPB_SIZE_BYTES = 0x10_0000

REGIONS = (
    Region("ITCM RAM", ITCM_BASE, ITCM_SIZE_BYTES, Storage.ITCM),
    Region("flash (ITCM bus)", FLASH_ITCM_BASE, FLASH_SIZE_BYTES, Storage.FLASH, writable=False),
    Region("flash", FLASH_BASE, FLASH_SIZE_BYTES, Storage.FLASH, writable=False),
    # Device electronic signature, RM0385 section 41: unique id, flash size.
    Region("system memory", IDENTITY_BASE, IDENTITY_SIZE_BYTES, Storage.IDENTITY, writable=False),
    Region("DTCM RAM", RAM_BASE, 64 * 1024, Storage.RAM),
    Region("SRAM1", 0x2001_0000, 240 * 1024, Storage.RAM, offset=0x1_0000),
    Region("SRAM2", 0x2004_C000, 16 * 1024, Storage.RAM, offset=0x4_C000),
)

_APB1 = (
    "TIM2 TIM3 TIM4 TIM5 TIM6 TIM7 TIM12 TIM13 TIM14 LPTIM1 RTC WWDG IWDG reserved SPI2 SPI3 SPDIFRX "
    "USART2 USART3 UART4 UART5 I2C1 I2C2 I2C3 I2C4 CAN1 CAN2 HDMI-CEC PWR DAC UART7 UART8"
)
_APB2 = (
    "TIM1 TIM8 reserved reserved USART1 USART6 reserved reserved ADC reserved reserved SDMMC1 SPI1 SPI4 "
    "SYSCFG EXTI TIM9 TIM10 TIM11 reserved SPI5 SPI6 SAI1 SAI2 reserved reserved LTDC"
)
_AHB1 = "GPIOA GPIOB GPIOC GPIOD GPIOE GPIOF GPIOG GPIOH GPIOI GPIOJ GPIOK"


def _windows(first: int, names: str) -> tuple[Window, ...]:
    return tuple(
        Window(name, first + index * 0x400) for index, name in enumerate(names.split()) if name != "reserved"
    )


BLOCKS = (
    *_windows(0x4000_0000, _APB1),
    *_windows(0x4001_0000, _APB2),
    *_windows(0x4002_0000, _AHB1),
    Window("CRC", 0x4002_3000),
    Window("RCC", 0x4002_3800),
    Window("FLASH interface", 0x4002_3C00),
    Window("BKPSRAM", 0x4002_4000, 0x1000),
    Window("DMA1", 0x4002_6000),
    Window("DMA2", 0x4002_6400),
    Window("Ethernet MAC", 0x4002_8000, 0x1400),
    Window("DMA2D", 0x4002_B000, 0xC00),
    Window("USB OTG HS", 0x4004_0000, 0x4_0000),
    Window("USB OTG FS", 0x5000_0000, 0x4_0000),
    Window("DCMI", 0x5005_0000),
    Window("RNG", 0x5006_0800),
    Window("FMC memory", 0x6000_0000, 0x2000_0000),
    Window("QUADSPI memory", 0x9000_0000, 0x1000_0000),
    Window("FMC control registers", 0xA000_0000, 0x1000),
    Window("QUADSPI", 0xA000_1000, 0x1000),
    Window("FMC SDRAM", 0xC000_0000, 0x2000_0000),
    Window("ITM", 0xE000_0000, 0x1000),
    Window("DWT", 0xE000_1000, 0x1000),
    Window("FPB", 0xE000_2000, 0x1000),
    Window("SysTick", 0xE000_E010, 0x10),
    Window("NVIC", 0xE000_E100, 0x400),
    Window("SCB", 0xE000_ED00, 0x90),
    Window("MPU", 0xE000_ED90, 0x60),
    Window("core debug", 0xE000_EDF0, 0x10),
    Window("NVIC", 0xE000_EF00, 0x4),
    Window("FPU", 0xE000_EF34, 0x14),
    Window("cache maintenance", 0xE000_EF50, 0x60),
    Window("system control space", 0xE000_E000, 0x1000),
    Window("TPIU", 0xE004_0000, 0x1000),
    Window("ETM", 0xE004_1000, 0x1000),
    Window("DBGMCU", 0xE004_2000),
    Window("ROM table", 0xE00F_D000, 0x3000),
)


def region_at(address: int, size_bytes: int = 1) -> Region | None:
    """The memory region that holds the range, or None."""
    return next((region for region in REGIONS if region.holds(address, size_bytes)), None)


def block_name(address: int) -> str:
    """What stands at an address: a memory region, a peripheral, or "nothing"."""
    region = region_at(address)
    if region is not None:
        return region.name
    return next((window.name for window in BLOCKS if window.holds(address)), "nothing")
