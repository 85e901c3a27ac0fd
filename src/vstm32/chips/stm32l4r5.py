"""STM32L4R5ZI on the NUCLEO-L4R5ZI: a Cortex-M4, 2 MB of flash in two banks or one, 640 KB of RAM.

RM0432 is the reference manual of the STM32L4Rxxx and STM32L4Sxxx, DS12023 the data sheet, UM2179 the manual
of the board. Addresses, bits of registers and interrupts were compared with what ST publishes for programs:
its CMSIS header stm32l4r5xx.h. Values of registers after reset were compared with STM32L4R5.svd of
cmsis-svd/cmsis-svd-data. Not compared with anything are those of MODER, RCC_APB1ENR1, RCC_ICSCR and
FLASH_OPTR, for which it has those of older chips. Pins of UARTs were compared with those that ST's data give
the ZI package, as mbed-os has them (PeripheralPins.c of TARGET_NUCLEO_L4R5ZI).
"""

from vstm32.base.chip import (
    Bits,
    Chip,
    CoreKind,
    CoreModel,
    Family,
    FlashController,
    FlashLayout,
    Kit,
    Signature,
    pins,
)
from vstm32.stm32.family import KB
from vstm32.stm32.l4_family import LIMITS, memory_map, pages, usarts

_MER1, _MER2 = 1 << 2, 1 << 15
_MASS_ERASE_SECONDS = 22.13e-3 * 2
"""Of both banks, one after the other (DS12023)."""

CHIP = Chip(
    names=("stm32l4r5xi", "stm32l4r5zi"),
    part="STM32L4R5ZI",
    family=Family.STM32L4_PLUS,
    # Section 2.2, and section 2.4.
    memory=memory_map(
        flash_size_bytes=2048 * KB, sram1_bytes=192 * KB, sram2_bytes=64 * KB, sram3_bytes=384 * KB
    ),
    core=CoreKind(
        model=CoreModel.CORTEX_M4,
        cpuid=0x410F_C241,  # r0p1
        has_double_precision=False,
        mpu_regions=8,
    ),
    interrupts=95,  # section 16.3
    signature=Signature(
        device_id=0x470,
        revision=0x101F,  # V; section 57.6.1
        one_time_programmable=range(0x1FFF_7000, 0x1FFF_7400),  # section 3.3.1
        unique_id_address=0x1FFF_7590,
        flash_size_address=0x1FFF_75E0,
    ),
    flash=FlashController(
        # Section 3.3.1; times after DS12023, table on flash memory characteristics.
        layouts=(
            FlashLayout(
                banks=(
                    pages(_MER1, count=256, page_bytes=4 * KB),
                    pages(_MER2, count=256, page_bytes=4 * KB, first_number=256),
                ),
                option_control=0xFFEF_F8AA,
                mass_erase_seconds=_MASS_ERASE_SECONDS,
            ),
            # DBANK is 0; MER1 and MER2 are set together (section 3.3.6), and each erases its half.
            FlashLayout(
                banks=(pages(_MER1 | _MER2, count=256, page_bytes=8 * KB),),
                option_control=0xFFAF_F8AA,
                mass_erase_seconds=_MASS_ERASE_SECONDS,
            ),
        ),
        control=Bits(0x0F06_8FFF),  # section 3.7.6, without STRT and the locks
        option_control_writable=0x0FFF_77FF,  # section 3.7.8
        sector_number_bits=9,  # BKER and PNB
        program_seconds=81.69e-6,
        read_bytes=8,  # with two banks; section 3.3.3
        # Section 3.3.4: 32 and 8 lines of four reads.
        instruction_cache_bytes=1 * KB,
        data_cache_bytes=256,
    ),
    limits=LIMITS,
    usarts=usarts(
        {
            # PG7 and PG8 go to the ST-LINK, which makes a virtual COM port of them.
            "LPUART1": (pins("PG7 PC1 PB11 PA2", 8), pins("PG8 PC0 PB10 PA3", 8)),
            "USART1": (pins("PA9 PB6 PG9", 7), pins("PA10 PB7 PG10", 7)),
            "USART2": (pins("PA2 PD5", 7), (*pins("PA3 PD6", 7), *pins("PA15", 3))),
            "USART3": (pins("PD8 PB10 PC4 PC10", 7), pins("PD9 PB11 PC5 PC11", 7)),
            "UART4": (pins("PA0 PC10", 8), pins("PA1 PC11", 8)),
            "UART5": (pins("PC12", 8), pins("PD2", 8)),
        },
        # D1 and D0 of the Arduino connector are USART3.
        led_out=("LPUART1", "USART3"),
    ),
    registers={
        # ST's header has of these: CAN1, LPTIM1, I2C1 to I2C3, the watchdogs, RTC, TIM2 to TIM7.
        "DBGMCU_APB1FZ": Bits(0x82E0_1C3F),
        "DBGMCU_APB1FZ2": Bits(0x0000_0022),
        "DBGMCU_APB2FZ": Bits(0x0007_2800),
        # OCCS, and what can be an input in place of a pin: the bits of ST's header.
        **{f"TIM{number}_SMCR": Bits(0x1_FFFF) for number in (2, 5)},
        "TIM2_OR": Bits(0xF),
        "TIM5_OR": Bits(0),
        # Waking from Stop mode: UESM, WUS, WUFIE, UCESM, WUCF; FIFO mode is not modelled.
        "USART_CR1": Bits(0x1FFF_FFFF),
        "USART_CR3": Bits(0x00FE_FFFF),
        "USART_ICR": Bits(0x0012_1B5F),
        # With FIFO mode off (sections 49.8.10 and 50.7.8).
        "USART_ISR": Bits(0, reset=0xC0),
        "LPUART_ISR": Bits(0, reset=0xC0),
    },
    kit=Kit(
        name="NUCLEO-L4R5ZI",
        hse_hz=8_000_000,  # MCO of the ST-LINK: firmware sets HSEBYP
        lse_hz=32_768,  # the crystal X2
        serial="LPUART1",
        button="PC13",  # B1, blue; UM2179
        serial_ports="LPUART1 on PG7 and PG8, USART3 on PD8 and PD9, others on any of their pins",
    ),
    expected_errors={
        "instructions": "no estimate of a board's times",
        "m4-1": "documented cycles, never compared with a board that ran the same code",
    },
    default_timing="m4-1",
)
