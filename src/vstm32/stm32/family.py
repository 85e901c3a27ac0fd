"""What all chips of the STM32F7 family have alike: where buses and UARTs are, and what limits their clocks.

Addresses: section 2.2.2 of the reference manual of a chip, "Memory map and register boundary addresses".
Interrupts: section 10.1.2. Enable bits: sections 5.3.13 and 5.3.14. Clock selection: section 5.3.26 (RM0385,
RM0410). `vstm32.chips` builds each chip on this.
"""

from collections.abc import Mapping
from dataclasses import replace

from vstm32.base.chip import ClockLimits, EnableRegister, FlashBank, Pin, Sector, UsartWiring
from vstm32.base.memory_map import MemoryMap, Region, Storage, Window, ram_regions

KB = 1024
MHZ = 1_000_000

FLASH_BASE = 0x0800_0000
FLASH_ITCM_BASE = 0x0020_0000
_RAM_BASE = 0x2000_0000
_ITCM_SIZE_BYTES = 16 * KB

PERIPHERALS = Window("peripherals", 0x4000_0000, 0x8_0000)
AHB2 = Window("AHB2", 0x5006_0000, 0x1000)
"""The part of it that has RNG; USB OTG FS and DCMI stand before it."""


UNMODELLED = (Window("USB OTG FS and DCMI", 0x5000_0000, 0x6_0000),)
CONTROLLERS = Window("FMC and QUADSPI", 0xA000_0000, 0x2000)


def windows(first: int, names: str) -> tuple[Window, ...]:
    """Windows of 1 KB that follow each other, by their names; "reserved" is none."""
    return tuple(
        Window(name, first + index * 0x400) for index, name in enumerate(names.split()) if name != "reserved"
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

CORE_BLOCKS = (
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
"""The private peripheral bus."""

_BLOCKS = (
    *windows(0x4000_0000, _APB1),
    *windows(0x4001_0000, _APB2),
    *windows(0x4002_0000, _AHB1),
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
    *CORE_BLOCKS,
)


def memory_map(
    *, flash_size_bytes: int, ram: tuple[tuple[str, int], ...], more_blocks: tuple[Window, ...] = ()
) -> MemoryMap:
    """The map of a chip: `ram` are names and sizes in bytes, `more_blocks` what others of the family lack."""
    return MemoryMap(
        flash=Region("flash", FLASH_BASE, flash_size_bytes, Storage.FLASH, writable=False),
        flash_itcm=Region(
            "flash (ITCM bus)", FLASH_ITCM_BASE, flash_size_bytes, Storage.FLASH, writable=False
        ),
        itcm=Region("ITCM RAM", 0x0, _ITCM_SIZE_BYTES, Storage.ITCM),
        ram=ram_regions(_RAM_BASE, *ram),
        # The one-time programmable area and the device electronic signature.
        identity=Region("system memory", 0x1FF0_F000, 0x1000, Storage.IDENTITY, writable=False),
        peripherals=PERIPHERALS,
        ahb2=AHB2,
        controllers=CONTROLLERS,
        blocks=(*more_blocks, *_BLOCKS),
        unmodelled=UNMODELLED,
    )


_ERASE_SECONDS = {16: 0.4, 32: 0.5, 64: 0.7, 128: 1.0, 256: 2.0}
"""Of a sector, by its size in KB: 32, 128 and 256 KB by DS10916, table on flash memory programming;
the others are estimates after them."""


def flash_bank(
    mass_erase: int, *, unit_bytes: int, large_sectors: int, first_number: int = 0, start: int = 0
) -> FlashBank:
    """A bank at `start` of the flash, in bytes: four sectors of one unit, one of four, and some of eight
    (section 3.3.1).

    `mass_erase` is the bit of FLASH_CR that erases it, `first_number` that of its first sector in SNB.
    """
    sizes_in_units = [1] * 4 + [4] + [8] * large_sectors
    return FlashBank(
        mass_erase,
        tuple(
            Sector(
                first_number + index,
                start + sum(sizes_in_units[:index]) * unit_bytes,
                units * unit_bytes,
                _ERASE_SECONDS[units * unit_bytes // KB],
            )
            for index, units in enumerate(sizes_in_units)
        ),
    )


LIMITS = ClockLimits(
    core_max_hz=216 * MHZ,
    # Data sheets, "General operating conditions": HCLK by voltage scale, without over-drive and with it.
    hclk_max_hz={
        3: (144 * MHZ, 144 * MHZ),
        2: (168 * MHZ, 180 * MHZ),
        1: (180 * MHZ, 216 * MHZ),
    },
    pclk1_max_hz=(45 * MHZ, 54 * MHZ),
    pclk2_max_hz=(90 * MHZ, 108 * MHZ),
    # Section 3.3.2, table of wait states: one more for every 30 MHz.
    hz_per_wait_state=30 * MHZ,
    wait_states_max=7,
    # Section 5.3.2: between 1 and 2 MHz, to which data sheets give some room, and between 100 and 432 MHz.
    vco_input_hz=(950_000, 2_100_000),
    vco_hz=(100 * MHZ, 432 * MHZ),
)

_USARTS = (
    UsartWiring("USART1", 0x4001_1000, 37, EnableRegister.APB2, 4, 0),
    UsartWiring("USART2", 0x4000_4400, 38, EnableRegister.APB1, 17, 2),
    UsartWiring("USART3", 0x4000_4800, 39, EnableRegister.APB1, 18, 4),
    UsartWiring("UART4", 0x4000_4C00, 52, EnableRegister.APB1, 19, 6),
    UsartWiring("UART5", 0x4000_5000, 53, EnableRegister.APB1, 20, 8),
    UsartWiring("USART6", 0x4001_1400, 71, EnableRegister.APB2, 5, 10),
    UsartWiring("UART7", 0x4000_7800, 82, EnableRegister.APB1, 30, 12),
    UsartWiring("UART8", 0x4000_7C00, 83, EnableRegister.APB1, 31, 14),
)


def usarts(
    pins_by_name: dict[str, tuple[tuple[Pin, ...], tuple[Pin, ...]]], *, led_out: tuple[str, ...]
) -> tuple[UsartWiring, ...]:
    """The eight UARTs of a chip: the pins on which each sends and receives, and which the board leads out."""
    return wired(_USARTS, pins_by_name, led_out)


def wired(
    of_family: tuple[UsartWiring, ...],
    pins_by_name: Mapping[str, tuple[tuple[Pin, ...], tuple[Pin, ...]]],
    led_out: tuple[str, ...],
) -> tuple[UsartWiring, ...]:
    """UARTs of a family with the pins that they have in a chip, and on a board."""
    return tuple(
        replace(
            usart,
            transmit=pins_by_name[usart.name][0],
            receive=pins_by_name[usart.name][1],
            led_out=usart.name in led_out,
        )
        for usart in of_family
    )
