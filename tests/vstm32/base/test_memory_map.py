import itertools

import pytest

from vstm32.chips.stm32f746 import CHIP

MEMORY = CHIP.memory


def test_regions_do_not_overlap_and_add_up_to_the_chip():
    regions = sorted(MEMORY.regions, key=lambda region: region.base)
    assert all(first.end <= second.base for first, second in itertools.pairwise(regions))
    sizes = {region.name: region.size_bytes // 1024 for region in regions}
    assert sizes == {
        "ITCM RAM": 16, "flash (ITCM bus)": 1024, "flash": 1024, "system memory": 4,
        "DTCM RAM": 64, "SRAM1": 240, "SRAM2": 16,
    }  # fmt: skip


def test_addresses_are_named_as_in_the_reference_manual():
    names = {
        0x4000_0000: "TIM2", 0x4000_7000: "PWR", 0x4001_1000: "USART1", 0x4001_1400: "USART6",
        0x4001_3800: "SYSCFG", 0x4001_3C00: "EXTI", 0x4001_6800: "LTDC", 0x4002_2800: "GPIOK",
        0x4002_3C00: "FLASH interface", 0x4000_7C00: "UART8", 0x5006_0800: "RNG", 0xE000_1004: "DWT",
        0xE000_E010: "SysTick", 0xE000_ED28: "SCB", 0x2001_0000: "SRAM1", 0x9000_0000: "QUADSPI memory",
        0x0700_0000: "nothing",
    }  # fmt: skip
    assert {address: MEMORY.block_name(address) for address in names} == names


def test_flash_is_the_same_memory_on_both_buses(bench):
    board = bench("int main(void) { return 0; }").board
    assert board.read_memory(0x0020_0000, 64) == board.read_memory(0x0800_0000, 64)


def test_data_may_cross_from_dtcm_to_sram(bench):
    source = """
    int main(void)
    {
        *(volatile uint32_t *)0x2000FFFEu = 0x11223344u;
        seen[0] = *(volatile uint16_t *)0x20010000u;
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(0) == 0x1122
    assert board.board.read_memory(0x2000_FFFE, 4) == b"\x44\x33\x22\x11"


def test_the_chip_tells_its_unique_id_and_flash_size(bench):
    source = """
    int main(void)
    {
        seen[0] = REG(0x1FF0F420u); seen[1] = *(volatile uint16_t *)0x1FF0F442u; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert (board.seen(0).to_bytes(4, "little"), board.seen(1)) == (b"mcum", 1024)


def test_another_chip_has_another_unique_id_and_an_empty_one_time_area(bench):
    source = """
    int main(void)
    {
        for (int i = 0; i < 3; i++) seen[i] = REG(0x1FF0F420u + 4 * i);
        seen[3] = REG(0x1FF0F000u); seen[4] = REG(0x1FF0F41Cu); seen[5] = REG(0xE0042000u); seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, unique_id=bytes(range(12))).run()
    assert b"".join(board.seen(index).to_bytes(4, "little") for index in range(3)) == bytes(range(12))
    assert (board.seen(3), board.seen(4)) == (0xFFFF_FFFF, 0xFFFF_FFFF)
    assert board.seen(5) & 0xFFF == 0x449


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (0x4000_0400, "TIM3"), (0x4000_2400, "LPTIM1"), (0x4000_2800, "RTC"), (0x4000_2C00, "WWDG"),
        (0x4000_3000, "IWDG"), (0x4000_3800, "SPI2"), (0x4000_4000, "SPDIFRX"), (0x4000_5400, "I2C1"),
        (0x4000_6000, "I2C4"), (0x4000_6400, "CAN1"), (0x4000_6C00, "HDMI-CEC"), (0x4000_7400, "DAC"),
        (0x4001_0000, "TIM1"), (0x4001_0400, "TIM8"), (0x4001_2000, "ADC"), (0x4001_2C00, "SDMMC1"),
        (0x4001_3000, "SPI1"), (0x4001_3400, "SPI4"), (0x4001_4000, "TIM9"), (0x4001_5000, "SPI5"),
        (0x4001_5C00, "SAI2"), (0x4001_6800, "LTDC"), (0x4002_3000, "CRC"), (0x4002_4000, "BKPSRAM"),
        (0x4002_6000, "DMA1"), (0x4002_6400, "DMA2"), (0x4002_8000, "Ethernet MAC"), (0x4002_B000, "DMA2D"),
        (0x4004_0000, "USB OTG HS"), (0x5000_0000, "USB OTG FS"), (0x5005_0000, "DCMI"),
        (0x6000_0000, "FMC memory"), (0xA000_0000, "FMC control registers"), (0xA000_1000, "QUADSPI"),
        (0xC000_0000, "FMC SDRAM"), (0xE004_2000, "DBGMCU"),
    ],
)  # fmt: skip
def test_a_block_that_is_not_modelled_has_its_name_too(address, name):
    assert MEMORY.block_name(address) == name
