"""The 32F746GDISCOVERY: a serial flash of 16 MB at QUADSPI (UM1907), an N25Q128A.

Sectors and times, which are typical ones, are those of Micron's data sheet "128Mb, 3V, Multiple I/O Serial
Flash Memory".
"""

from mcumatrix.adapters.flashers.pyocd.algorithm import Controller
from mcumatrix.adapters.flashers.pyocd.chip import KB, ExternalFlash, Sectors

EXTERNAL_FLASH = ExternalFlash(
    name="qspi",
    sectors=Sectors(0x9000_0000, 256, 64 * KB),
    controller=Controller(
        "boards/stm32f746g_disco",
        page_size_bytes=4 * 1024,
        unit_bytes=256,
        # The flag status register of the flash.
        flags={
            1 << 1: "the sector is protected",
            1 << 4: "programming failed",
            1 << 5: "erasing failed",
        },
    ),
    page_s=16 * 0.5e-3,
    sector_erase_s=0.7,
)
