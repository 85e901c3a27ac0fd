"""STM32F767VI, ZI, II, BI and NI: 2 MB of flash, 512 KB of RAM.

RM0410 is the reference manual of the STM32F76xxx and STM32F77xxx: memory map in section 2.2.2, embedded SRAM
in 2.3, sectors of the flash in 3.3.1, option bytes in 3.7.6. Times of the flash are those of a chip with half
of it (DS10916): they are for progress bars.

pyOCD has a target `stm32f767zi` of its own, with another algorithm and no look at which chip it is.
"""

from mcumatrix.adapters.flashers.pyocd.chip import KB, Chip, Division, Memory, Sectors

CHIP = Chip(
    part="STM32F767xI",
    targets=("stm32f767xi",),
    part_families=("STM32F7 Series", "STM32F767"),
    device_id=0x451,
    itcm=Memory("itcm", 0x0000_0000, 16 * KB),
    flash_alias=0x0020_0000,
    sectors=(
        Sectors(0x0800_0000, 4, 32 * KB),
        Sectors(0x0802_0000, 1, 128 * KB),
        Sectors(0x0804_0000, 7, 256 * KB),
    ),
    system=Memory("system", 0x1FF0_0000, 64 * KB),
    ram=(
        Memory("dtcm", 0x2000_0000, 128 * KB),
        Memory("sram1", 0x2002_0000, 368 * KB),
        Memory("sram2", 0x2007_C000, 16 * KB),
    ),
    word_s=16e-6,
    erase_s_per_kb=4.0 / 256,
    mass_erase_s=32.0,
    division=Division(  # section 3.7.6, FLASH_OPTCR
        0x4002_3C14,
        1 << 29,
        "divided into two banks, by the option byte nDBANK",
        "Set nDBANK with STM32CubeProgrammer, which erases the chip: this flasher knows one bank.",
    ),
)
