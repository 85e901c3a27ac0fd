"""STM32F767ZI on the NUCLEO-F767ZI: 2 MB of flash in one bank or two, 512 KB of RAM, double precision.

RM0410 is the reference manual of the STM32F76xxx and STM32F77xxx, DS11532 the data sheet, UM1974 the manual
of the board. Addresses, bits of registers, and pins of UARTs were compared with what ST publishes for
programs: its CMSIS header stm32f767xx.h, and the pins of the ZI package. Not compared with anything are the
values of OPTCR and of registers of RCC after reset, ITCMCR and DTCMCR, and the times of the flash, which are
made from those of DS10916.
"""

from vstm32.base.chip import (
    Bits,
    Chip,
    CoreKind,
    FlashController,
    FlashLayout,
    Kit,
    Signature,
    pins,
)
from vstm32.base.memory_map import Window
from vstm32.stm32.family import KB, LIMITS, flash_bank, memory_map, usarts

_MER1, _MER2 = 1 << 2, 1 << 15

_MASS_ERASE_SECONDS = 16.0
"""Twice that of a chip with half as much flash."""


CHIP = Chip(
    names=("stm32f767xi", "stm32f767zi"),
    part="STM32F767ZI",
    # Section 2.2.2, table 1, and section 2.3.
    memory=memory_map(
        flash_size_bytes=2048 * KB,
        ram=(("DTCM RAM", 128 * KB), ("SRAM1", 368 * KB), ("SRAM2", 16 * KB)),
        more_blocks=(
            Window("CAN3", 0x4000_3400),
            Window("SDMMC2", 0x4001_1C00),
            Window("DFSDM1", 0x4001_7400),
            Window("MDIOS", 0x4001_7800),
            Window("JPEG", 0x5005_1000),
        ),
    ),
    core=CoreKind(
        cpuid=0x411F_C270,  # r1p0
        has_double_precision=True,
        instruction_cache_bytes=16 * KB,
        data_cache_bytes=16 * KB,
        mpu_regions=8,
        itcm_control=0x39,
        dtcm_control=0x41,
        vector_table=0x0020_0000,
    ),
    interrupts=110,  # section 10.1.1
    signature=Signature(
        device_id=0x451,
        revision=0x1001,  # Z; section 40.6.1
        one_time_programmable=range(0x1FF0_F000, 0x1FF0_F420),
        unique_id_address=0x1FF0_F420,
        flash_size_address=0x1FF0_F442,
    ),
    flash=FlashController(
        layouts=(
            FlashLayout(
                banks=(flash_bank(_MER1, unit_bytes=32 * KB, large_sectors=7),),
                option_control=0xFFFF_AAFD,
                mass_erase_seconds=_MASS_ERASE_SECONDS,
            ),
            # nDBANK is 0. In SNB, sectors 12 to 23 are numbers 16 to 27 (section 3.7.5).
            FlashLayout(
                banks=(
                    flash_bank(_MER1, unit_bytes=16 * KB, large_sectors=7),
                    flash_bank(_MER2, unit_bytes=16 * KB, large_sectors=7, first_number=16, start=1024 * KB),
                ),
                option_control=0xDFFF_AAFD,
                mass_erase_seconds=_MASS_ERASE_SECONDS,
            ),
        ),
        control=Bits(0x0300_83FF),  # section 3.7.5
        option_control_writable=0xFFFF_FFFE,  # section 3.7.6
        sector_number_bits=5,
        program_seconds=16e-6,
    ),
    limits=LIMITS,
    usarts=usarts(
        {
            "USART1": (
                (*pins("PA9 PB6", 7), *pins("PB14", 4)),
                (*pins("PA10 PB7", 7), *pins("PB15", 4)),
            ),
            "USART2": (pins("PA2 PD5", 7), pins("PA3 PD6", 7)),
            # PD8 and PD9 go to the ST-LINK, which makes a virtual COM port of them.
            "USART3": (pins("PD8 PB10 PC10", 7), pins("PD9 PB11 PC11", 7)),
            "UART4": (
                (*pins("PA0 PC10 PD1", 8), *pins("PA12", 6)),
                (*pins("PA1 PC11 PD0", 8), *pins("PA11", 6)),
            ),
            "UART5": (
                (*pins("PC12 PB13", 8), *pins("PB6", 1), *pins("PB9", 7)),
                (*pins("PD2 PB12", 8), *pins("PB5", 1), *pins("PB8", 7)),
            ),
            # D1 and D0 of the Arduino connector.
            "USART6": (pins("PG14 PC6", 8), pins("PG9 PC7", 8)),
            "UART7": (
                (*pins("PE8 PF7", 8), *pins("PA15 PB4", 12)),
                (*pins("PE7 PF6", 8), *pins("PA8 PB3", 12)),
            ),
            "UART8": (pins("PE1", 8), pins("PE0", 8)),
        },
        led_out=("USART3", "USART6"),
    ),
    # Section 5.3.
    registers={
        "RCC_PLLCFGR": Bits(0x7F43_7FFF, reset=0x2400_3010),
        "RCC_AHB2RSTR": Bits(0x0000_00C3),
        "RCC_APB1RSTR": Bits(0xFFFF_EBFF),
        "RCC_APB2RSTR": Bits(0x64F7_79B3),
        "RCC_AHB2ENR": Bits(0x0000_00C3),
        "RCC_APB1ENR": Bits(0xFFFF_EFFF, reset=0x0000_0400),  # RTCAPBEN
        "RCC_APB2ENR": Bits(0x64F7_7FB3),
        "RCC_AHB2LPENR": Bits(0x0000_00C3, reset=0x0000_00C3),
        "RCC_APB1LPENR": Bits(0xFFFF_EFFF, reset=0xFFFF_EFFF),
        "RCC_APB2LPENR": Bits(0x64F7_7FB3, reset=0x64F7_7FB3),
        "RCC_DCKCFGR1": Bits(0x07F3_1F1F),
        "RCC_DCKCFGR2": Bits(0x3FFF_FFFF),
        "DBGMCU_APB1FZ": Bits(0x07E0_3FFF),
        "DBGMCU_APB2FZ": Bits(0x0007_0003),
        **{f"EXTI_{name}": Bits(0x01FF_FFFF) for name in ("IMR", "EMR", "RTSR", "FTSR", "SWIER")},
        # Section 8.5.5: sixteen channels.
        **{f"DMA_S{stream}CR": Bits(0x1FEF_FFFF) for stream in range(8)},
        "SYSCFG_PMC": Bits(0x0087_00FF),
        "SYSCFG_MEMRMP": Bits(0x0D00),  # SWP_FB
        # Waking from Stop mode: UESM, WUS, WUFIE, UCESM, WUCF.
        "USART_CR1": Bits(0x1FFF_FFFF),
        "USART_CR3": Bits(0x00FE_FFFF),
        "USART_ICR": Bits(0x0012_1B5F),
    },
    kit=Kit(
        name="NUCLEO-F767ZI",
        hse_hz=8_000_000,  # MCO of the ST-LINK: firmware sets HSEBYP
        lse_hz=32_768,  # the crystal X2
        serial="USART3",
        button="PC13",  # B1, blue; UM1974
        serial_ports="USART3 on PD8 and PD9, USART6 on PG14 and PG9, others on any of their pins",
    ),
    expected_errors={
        "instructions": "no estimate of a board's times",
        "m7-block-1": "never compared with a board of this chip",
        "m7-cache-2": "never compared with a board of this chip",
    },
)
