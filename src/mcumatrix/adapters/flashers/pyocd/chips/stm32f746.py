"""STM32F746VG, ZG, IG, BG and NG: 1 MB of flash, 320 KB of RAM.

RM0385 is the reference manual of the STM32F75xxx and STM32F74xxx: memory map in section 2.2.2, embedded SRAM
in 2.3, sectors of the flash in 3.3.1. DS10916 has the times of the flash: with 32 bits at a time, a word
typically and erasing at most.
"""

from mcumatrix.adapters.flashers.pyocd.chip import KB, Chip, Memory, Sectors

CHIP = Chip(
    part="STM32F746xG",
    # The second is the part on the 32F746GDISCOVERY.
    targets=("stm32f746xg", "stm32f746ng"),
    part_families=("STM32F7 Series", "STM32F746"),
    device_id=0x449,
    itcm=Memory("itcm", 0x0000_0000, 16 * KB),
    flash_alias=0x0020_0000,
    sectors=(
        Sectors(0x0800_0000, 4, 32 * KB),
        Sectors(0x0802_0000, 1, 128 * KB),
        Sectors(0x0804_0000, 3, 256 * KB),
    ),
    system=Memory("system", 0x1FF0_0000, 64 * KB),
    ram=(
        Memory("dtcm", 0x2000_0000, 64 * KB),
        Memory("sram1", 0x2001_0000, 240 * KB),
        Memory("sram2", 0x2004_C000, 16 * KB),
    ),
    word_s=16e-6,
    erase_s_per_kb=4.0 / 256,
    mass_erase_s=16.0,
)
