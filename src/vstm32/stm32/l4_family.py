"""What all chips of the STM32L4+ have alike: where buses and UARTs are, and what limits their clocks.

Addresses: RM0432 section 2.2, and ST's CMSIS headers. Interrupts: section 16.3. Enable bits: section
6.4. Clock selection: section 6.4.28. `vstm32.chips` builds a chip on this.
"""

from collections.abc import Mapping

from vstm32.base.chip import ClockLimits, FlashBank, L4EnableRegister, Pin, Sector, UsartWiring
from vstm32.base.memory_map import MemoryMap, Region, Storage, Window, ram_regions
from vstm32.stm32.family import CORE_BLOCKS, FLASH_BASE, MHZ, windows, wired

_RAM_BASE, _SRAM2_BASE = 0x2000_0000, 0x1000_0000

_PERIPHERALS = Window("peripherals", 0x4000_0000, 0x8_0000)
_AHB2 = Window("AHB2", 0x4800_0000, 0x3000)
"""The part of it that has ports of GPIO; USB OTG FS, ADC, DCMI and RNG stand behind it."""

_UNMODELLED = (
    Window("USB OTG FS, ADC, DCMI and RNG", 0x5000_0000, 0x6_3000),
    Window("FMC and OCTOSPI", 0xA000_0000, 0x2000),
)

_APB1 = (
    "TIM2 TIM3 TIM4 TIM5 TIM6 TIM7 reserved reserved reserved reserved RTC WWDG IWDG reserved SPI2 SPI3 "
    "reserved USART2 USART3 UART4 UART5 I2C1 I2C2 I2C3 CRS CAN1 reserved reserved PWR DAC OPAMP "
    "LPTIM1 LPUART1 I2C4 reserved reserved reserved LPTIM2"
)
_APB2 = (
    "SYSCFG EXTI reserved reserved reserved reserved reserved FIREWALL reserved reserved reserved TIM1 SPI1 "
    "TIM8 USART1 reserved TIM15 TIM16 TIM17 reserved reserved SAI1 SAI2 reserved DFSDM1"
)
_BLOCKS = (
    *windows(0x4000_0000, _APB1),
    *windows(0x4001_0000, _APB2),
    Window("DMA1", 0x4002_0000),
    Window("DMA2", 0x4002_0400),
    Window("DMAMUX1", 0x4002_0800),
    Window("RCC", 0x4002_1000),
    Window("FLASH interface", 0x4002_2000),
    Window("CRC", 0x4002_3000),
    Window("TSC", 0x4002_4000),
    Window("DMA2D", 0x4002_B000, 0xC00),
    *windows(0x4800_0000, "GPIOA GPIOB GPIOC GPIOD GPIOE GPIOF GPIOG GPIOH GPIOI"),
    Window("USB OTG FS", 0x5000_0000, 0x4_0000),
    Window("ADC", 0x5004_0000),
    Window("DCMI", 0x5005_0000),
    Window("RNG", 0x5006_0800),
    Window("OCTOSPI I/O manager", 0x5006_1C00),
    Window("SDMMC1", 0x5006_2400),
    Window("FMC memory", 0x6000_0000, 0x3000_0000),
    Window("OCTOSPI1 memory", 0x9000_0000, 0x1000_0000),
    Window("FMC control registers", 0xA000_0000, 0x1000),
    Window("OCTOSPI1", 0xA000_1000),
    Window("OCTOSPI2", 0xA000_1400),
    *CORE_BLOCKS,
)


def memory_map(*, flash_size_bytes: int, sram1_bytes: int, sram2_bytes: int, sram3_bytes: int) -> MemoryMap:
    """The map of a chip: three RAMs behind each other, of which the second has its own place too (section
    2.4)."""
    return MemoryMap(
        flash=Region("flash", FLASH_BASE, flash_size_bytes, Storage.FLASH, writable=False),
        flash_itcm=Region("flash (boot alias)", 0x0, flash_size_bytes, Storage.FLASH, writable=False),
        ram_alias=Region("SRAM2 (code bus)", _SRAM2_BASE, sram2_bytes, Storage.RAM, offset=sram1_bytes),
        ram=ram_regions(_RAM_BASE, ("SRAM1", sram1_bytes), ("SRAM2", sram2_bytes), ("SRAM3", sram3_bytes)),
        # The one-time programmable area and the device electronic signature.
        identity=Region("system memory", 0x1FFF_7000, 0x1000, Storage.IDENTITY, writable=False),
        peripherals=_PERIPHERALS,
        ahb2=_AHB2,
        blocks=_BLOCKS,
        unmodelled=_UNMODELLED,
    )


_PAGE_ERASE_SECONDS = 22.02e-3
"""DS12023, table on flash memory characteristics: typical."""


def pages(mass_erase: int, *, count: int, page_bytes: int, first_number: int = 0) -> FlashBank:
    """A bank of flash: pages of one size, numbered on from `first_number` (section 3.3.1)."""
    return FlashBank(
        mass_erase,
        tuple(
            Sector(number, number * page_bytes, page_bytes, _PAGE_ERASE_SECONDS)
            for number in range(first_number, first_number + count)
        ),
    )


LIMITS = ClockLimits(
    core_max_hz=120 * MHZ,
    # DS12023, "General operating conditions", by voltage range: without the boost of range 1, and with it.
    hclk_max_hz={1: (80 * MHZ, 120 * MHZ), 2: (26 * MHZ, 26 * MHZ)},
    scale_name="voltage range",
    drive_name="boost",
    regulator_register="PWR_CR1 and PWR_CR5",
    pclk1_max_hz=(80 * MHZ, 120 * MHZ),
    pclk2_max_hz=(80 * MHZ, 120 * MHZ),
    # Section 3.3.3, range 1: one more for every 20 MHz.
    hz_per_wait_state=20 * MHZ,
    wait_states_max=5,
    # Section 6.2.5.
    vco_input_hz=(2_660_000, 16 * MHZ),
    vco_hz=(64 * MHZ, 344 * MHZ),
)

_USARTS = (
    UsartWiring("LPUART1", 0x4000_8000, 70, L4EnableRegister.APB1_SECOND, 0, 10, low_power=True),
    UsartWiring("USART1", 0x4001_3800, 37, L4EnableRegister.APB2, 14, 0),
    UsartWiring("USART2", 0x4000_4400, 38, L4EnableRegister.APB1, 17, 2),
    UsartWiring("USART3", 0x4000_4800, 39, L4EnableRegister.APB1, 18, 4),
    UsartWiring("UART4", 0x4000_4C00, 52, L4EnableRegister.APB1, 19, 6),
    UsartWiring("UART5", 0x4000_5000, 53, L4EnableRegister.APB1, 20, 8),
)


def usarts(
    pins_by_name: Mapping[str, tuple[tuple[Pin, ...], tuple[Pin, ...]]], *, led_out: tuple[str, ...]
) -> tuple[UsartWiring, ...]:
    """The six UARTs of a chip: the pins on which each sends and receives, and which the board leads out."""
    return wired(_USARTS, pins_by_name, led_out)
