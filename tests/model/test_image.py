"""What is known of a linked image."""

from mcumatrix.model.image import Sizes


def test_what_is_kept_is_told_by_the_flash_that_it_is_in() -> None:
    sizes = Sizes(text_bytes=440, data_bytes=60, bss_bytes=9, region_bytes={"FLASH": 500})
    assert sizes.rom_described == "500 bytes of flash"
    outside = Sizes(
        text_bytes=440, data_bytes=60, bss_bytes=9, region_bytes={"FLASH": 120, "QSPI": 380, "SDRAM": 4}
    )
    assert outside.rom_described == "120 bytes of flash, 380 outside of the chip"
