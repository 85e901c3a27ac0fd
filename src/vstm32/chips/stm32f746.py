"""STM32F746NG on the 32F746GDISCOVERY: 1 MB of flash, 320 KB of RAM, an FPU for single precision.

RM0385 rev 8 is the reference manual of the STM32F75xxx and STM32F74xxx, DS10916 the data sheet, UM1907 the
manual of the board. Pins are from table 12 of the data sheet.
"""

from vstm32.base.chip import (
    Bits,
    Chip,
    CoreKind,
    FlashController,
    FlashLayout,
    Kit,
    Sdram,
    SerialFlashPart,
    Signature,
    pins,
)
from vstm32.stm32.family import KB, LIMITS, flash_bank, memory_map, usarts

_SDRAM = Sdram(
    # 128 Mbit as 1 M x 32 x 4 banks, of which the board has 16 data lines (UM1907): 8 MB. Times are of the
    # slowest grade, -7, in Micron's data sheet "128Mb: x32 SDRAM".
    name="MT48LC4M32B2",
    base=0xC000_0000,
    column_bits=8,
    row_bits=12,
    banks=4,
    data_bits=16,
    max_hz={1: 50_000_000, 2: 100_000_000, 3: 143_000_000},
    active_to_read_ns=20,
    precharge_ns=20,
    row_cycle_ns=70,
    row_active_ns=42,
    exit_self_refresh_ns=70,
    write_recovery_ns=14,
    load_mode_clocks=2,
    power_up_s=100e-6,
    power_up_refreshes=2,
    refresh_s=64e-3,
    pins=pins(
        # D0 to D15, A0 to A11, BA0 and BA1, NBL0 and NBL1; SDCKE0, SDCLK, SDNCAS, SDNRAS, SDNE0, SDNWE.
        "PD14 PD15 PD0 PD1 PE7 PE8 PE9 PE10 PE11 PE12 PE13 PE14 PE15 PD8 PD9 PD10 "
        "PF0 PF1 PF2 PF3 PF4 PF5 PF12 PF13 PF14 PF15 PG0 PG1 PG4 PG5 PE0 PE1 "
        "PC3 PG8 PG15 PF11 PH3 PH5",
        12,
    ),
)

_SERIAL_FLASH = SerialFlashPart(
    # 128 Mbit (UM1907); Micron's data sheet "128Mb, 3V, Multiple I/O Serial Flash Memory".
    name="N25Q128A",
    base=0x9000_0000,
    size_bytes=16 * 1024 * KB,
    identity=bytes((0x20, 0xBA, 0x18, 0x10)),
    max_hz=108_000_000,
    max_read_hz=54_000_000,
    # CLK, NCS, IO0 to IO3.
    pins=(*pins("PB2", 9), *pins("PB6", 10), *pins("PD11 PD12 PE2 PD13", 9)),
)

CHIP = Chip(
    names=("stm32f746xg", "stm32f746ng"),
    part="STM32F746NG",
    # Section 2.2.2, table 1, and section 2.3.
    memory=memory_map(
        flash_size_bytes=1024 * KB,
        ram=(("DTCM RAM", 64 * KB), ("SRAM1", 240 * KB), ("SRAM2", 16 * KB)),
    ),
    core=CoreKind(
        cpuid=0x410F_C271,  # r0p1
        has_double_precision=False,
        instruction_cache_bytes=4 * KB,
        data_cache_bytes=4 * KB,
        mpu_regions=8,
        itcm_control=0x39,
        dtcm_control=0x41,
        vector_table=0x0020_0000,
    ),
    interrupts=98,  # section 10.1.1
    signature=Signature(
        device_id=0x449,
        revision=0x1001,  # Z; section 40.6.1
        one_time_programmable=range(0x1FF0_F000, 0x1FF0_F420),  # section 3.6
        unique_id_address=0x1FF0_F420,  # section 41
        flash_size_address=0x1FF0_F442,
    ),
    flash=FlashController(
        # Section 3.3.1; times after the table of DS10916 on flash memory programming.
        layouts=(
            FlashLayout(
                banks=(flash_bank(1 << 2, unit_bytes=32 * KB, large_sectors=3),),
                option_control=0xC0FF_AAFD,
                mass_erase_seconds=8.0,
            ),
        ),
        control=Bits(0x0300_037F),  # section 3.7.5
        option_control_writable=0xC0FF_FFFE,  # section 3.7.6
        sector_number_bits=4,
        program_seconds=16e-6,
    ),
    limits=LIMITS,
    usarts=usarts(
        {
            # PA9 and PB7 go to the ST-LINK, which makes a virtual COM port of them.
            "USART1": (pins("PA9 PB6", 7), pins("PB7 PA10", 7)),
            "USART2": (pins("PA2 PD5", 7), pins("PA3 PD6", 7)),
            "USART3": (pins("PB10 PC10 PD8", 7), pins("PB11 PC11 PD9", 7)),
            "UART4": (pins("PA0 PC10", 8), pins("PA1 PC11", 8)),
            "UART5": (pins("PC12", 8), pins("PD2", 8)),
            # D1 and D0 of the Arduino connector.
            "USART6": (pins("PC6 PG14", 8), pins("PC7 PG9", 8)),
            # A4 and A5 of the Arduino connector.
            "UART7": (pins("PF7 PE8", 8), pins("PF6 PE7", 8)),
            "UART8": (pins("PE1", 8), pins("PE0", 8)),
        },
        led_out=("USART1", "USART6", "UART7"),
    ),
    # Section 5.3.
    registers={
        "RCC_PLLCFGR": Bits(0x2F43_7FFF, reset=0x2400_3010),
        "RCC_AHB2RSTR": Bits(0x0000_00C1),
        "RCC_APB1RSTR": Bits(0xFFFF_CBFF),
        "RCC_APB2RSTR": Bits(0x04F7_7933),
        "RCC_AHB2ENR": Bits(0x0000_00C1),
        "RCC_APB1ENR": Bits(0xFFFF_CBFF),
        "RCC_APB2ENR": Bits(0x04F7_7F33),
        "RCC_AHB2LPENR": Bits(0x0000_00C1, reset=0x0000_00F1),
        "RCC_APB1LPENR": Bits(0xFFFF_CBFF, reset=0xFFFF_CBFF),
        "RCC_APB2LPENR": Bits(0x04F7_7F33, reset=0x04F7_7F33),
        "RCC_DCKCFGR1": Bits(0x01F3_1F1F),
        "RCC_DCKCFGR2": Bits(0x1FFF_FFFF),
        "DBGMCU_APB1FZ": Bits(0x06E0_1FFF),
        "DBGMCU_APB2FZ": Bits(0x0007_0003),
    },
    kit=Kit(
        name="32F746GDISCOVERY",
        hse_hz=25_000_000,  # the crystal X2
        lse_hz=32_768,  # the crystal X1
        serial="USART6",
        button="PI11",  # B1, blue; UM1907
        serial_ports="USART6 on PC6 and PC7, USART1 on PA9 and PB7, others on any of their pins",
        sdram=_SDRAM,
        serial_flash=_SERIAL_FLASH,
    ),
    # bench/timing_error.py works them out of times of real chips; docs/timing.md says of which.
    expected_errors={
        "instructions": "no estimate of a board's times",
        "m7-block-1": "typical error ±10 % a layer, at worst 46 %",
        "m7-cache-2": "typical error ±6 % in code of others, at worst 39 %; of float32 layers at worst 15 %",
    },
)
