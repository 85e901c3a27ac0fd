"""STM32L4R5VI, QI, ZI and AI: 2 MB of flash, 640 KB of RAM.

RM0432 is the reference manual of the STM32L4Rxxx and STM32L4Sxxx: memory map in section 2.2, embedded SRAM
in 2.4, pages of the flash in 3.3.1, option bytes in 3.7.8. DS12023 has the times of the flash: a double word
typically, erasing at most.
"""

from mcumatrix.adapters.flashers.pyocd.algorithm import STM32L4
from mcumatrix.adapters.flashers.pyocd.chip import KB, Chip, Division, Memory, Sectors

CHIP = Chip(
    part="STM32L4R5xI",
    # The second is the part on the NUCLEO-L4R5ZI.
    targets=("stm32l4r5xi", "stm32l4r5zi"),
    part_families=("STM32L4 Series", "STM32L4R5"),
    device_id=0x470,
    flash_alias=0x0000_0000,
    sectors=(Sectors(0x0800_0000, 512, 4 * KB),),
    system=Memory("system", 0x1FFF_0000, 28 * KB),
    ram=(
        Memory("sram1", 0x2000_0000, 192 * KB),
        Memory("sram2", 0x2003_0000, 64 * KB),
        Memory("sram3", 0x2004_0000, 384 * KB),
    ),
    word_s=81.7e-6 / 2,
    erase_s_per_kb=24.5e-3 / 4,
    mass_erase_s=25e-3 * 2,
    division=Division(  # section 3.7.8, FLASH_OPTR
        0x4002_2020,
        1 << 22,
        "one bank with larger pages, by the option byte DBANK",
        "Set DBANK with STM32CubeProgrammer, which erases the chip: this flasher knows two banks.",
    ),
    controller=STM32L4,
)
