"""Every bit that firmware can write, and every value after reset, of the blocks that ST makes.

The masks were read from the reference manuals (RM0385 and RM0410, register maps) and held against the bits
that ST names for programs (stm32f746xx.h, stm32f767xx.h); what hardware alone sets is left out.
"""

from collections.abc import Callable, Iterator

import pytest

from vstm32 import Board, BoardOptions
from vstm32.base.registers import WORD, RegisterBlock

F746, F767 = "stm32f746xg", "stm32f767xi"

# By block and register: value after reset, bits that keep what is written.
ALIKE = {
    "RCC": {
        "CR": (0x0000_0083, 0x150D_00F9),
        "CFGR": (0, 0xFFFF_FCF3),
        "CIR": (0, 0x0000_7F00),
        "AHB1RSTR": (0, 0x22E0_17FF),
        "AHB3RSTR": (0, 0x0000_0003),
        "AHB1ENR": (0x0010_0000, 0x7EF4_17FF),
        "AHB3ENR": (0, 0x0000_0003),
        "AHB1LPENR": (0x7EF7_B7FF, 0x7EF7_B7FF),
        "AHB3LPENR": (0x0000_0003, 0x0000_0003),
        "BDCR": (0, 0x0001_831D),
        "CSR": (0x0E00_0000, 0x0000_0001),
        "SSCGR": (0, 0xCFFF_FFFF),
        "PLLI2SCFGR": (0x2400_3000, 0x7F03_7FC0),
        "PLLSAICFGR": (0x2400_3000, 0x7F03_7FC0),
    },
    "PWR": {"CR1": (0x0000_C000, 0x000F_EFF3), "CSR1": (0, 0x0300), "CR2": (0, 0x3F00), "CSR2": (0, 0x3F00)},
    "FLASH interface": {
        "ACR": (0, 0x0B0F), "KEYR": (0, 0), "OPTKEYR": (0, 0), "SR": (0, 0), "OPTCR1": (0x0040_0080, WORD),
    },
    "CRC": {
        "DR": (WORD, WORD), "IDR": (0, 0xFF), "CR": (0, 0xF8), "INIT": (WORD, WORD),
        "POL": (0x04C1_1DB7, WORD),
    },
    "RNG": {"CR": (0, 0xC), "SR": (0, 0), "DR": (0, 0)},
    "IWDG": {"KR": (0, 0), "PR": (0, 7), "RLR": (0xFFF, 0xFFF), "SR": (0, 0), "WINR": (0xFFF, 0xFFF)},
    "TIM2": {
        "CR1": (0, 0x0BFF), "CR2": (0, 0x00F8), "SMCR": (0, 0x1_FFF7), "DIER": (0, 0x5F5F), "SR": (0, 0),
        "EGR": (0, 0), "CCMR1": (0, 0x0101_FFFF), "CCMR2": (0, 0x0101_FFFF), "CCER": (0, 0xBBBB),
        "CNT": (0, WORD), "PSC": (0, 0xFFFF), "ARR": (WORD, WORD), "CCR1": (0, WORD), "CCR2": (0, WORD),
        "CCR3": (0, WORD), "CCR4": (0, WORD), "DCR": (0, 0x1F1F), "DMAR": (0, 0xFFFF), "OR": (0, 0x0CC0),
    },
    "USART6": {
        "CR2": (0, 0xFFFF_FF70), "BRR": (0, 0xFFFF), "GTPR": (0, 0xFFFF), "RTOR": (0, WORD), "RQR": (0, 0),
        "ISR": (0x0200_00C0, 0), "RDR": (0, 0), "TDR": (0, 0x1FF),
    },
    "FMC": {
        **{f"SDCR{bank}": (0x2D0, 0x7FFF) for bank in (1, 2)},
        **{f"SDTR{bank}": (0x0FFF_FFFF, 0x0FFF_FFFF) for bank in (1, 2)},
        "SDCMR": (0, 0x003F_FFFF), "SDRTR": (0, 0x7FFE), "SDSR": (0, 0),
    },
    "QUADSPI": {
        "CR": (0, 0xFFDF_1FDF), "DCR": (0, 0x001F_0701), "SR": (0, 0), "FCR": (0, 0), "DLR": (0, WORD),
        "CCR": (0, 0xDFFF_FFFF), "AR": (0, WORD), "ABR": (0, WORD), "DR": (0, WORD),
        "PSMKR": (0, WORD), "PSMAR": (0, WORD), "PIR": (0, 0xFFFF), "LPTR": (0, 0xFFFF),
    },
    "SYSCFG": {
        "EXTICR1": (0, 0xFFFF), "EXTICR2": (0, 0xFFFF), "EXTICR3": (0, 0xFFFF),
        "EXTICR4": (0, 0xFFFF), "CMPCR": (0, 0x0001),
    },
    "GPIOA": {"MODER": (0xA800_0000, WORD), "OSPEEDR": (0x0C00_0000, WORD), "PUPDR": (0x6400_0000, WORD)},
    "GPIOB": {"MODER": (0x0000_0280, WORD), "OSPEEDR": (0x0000_00C0, WORD), "PUPDR": (0x0000_0100, WORD)},
    "GPIOI": {
        "MODER": (0, WORD), "OTYPER": (0, 0xFFFF), "OSPEEDR": (0, WORD), "PUPDR": (0, WORD), "IDR": (0, 0),
        "ODR": (0, 0xFFFF), "BSRR": (0, 0), "LCKR": (0, 0x1_FFFF), "AFRL": (0, WORD), "AFRH": (0, WORD),
    },
    "DBGMCU": {"CR": (0, 0xE7), "APB2FZ": (0, 0x0007_0003)},
}  # fmt: skip
DMA = dict.fromkeys(("LISR", "HISR", "LIFCR", "HIFCR"), (0, 0)) | {
    f"S{stream}{name}": of_stream
    for stream in range(8)
    for name, of_stream in {
        "NDTR": (0, 0xFFFF), "PAR": (0, WORD), "M0AR": (0, WORD), "M1AR": (0, WORD), "FCR": (0x21, 0x87),
    }.items()
}  # fmt: skip
OF_CHIP = {
    F746: {
        "RCC": {
            # Bit 29 is kept as ST's programs write it.
            "PLLCFGR": (0x2400_3010, 0x2F43_7FFF),
            "AHB2RSTR": (0, 0xC1), "AHB2ENR": (0, 0xC1), "AHB2LPENR": (0xF1, 0xC1),
            "APB1RSTR": (0, 0xFFFF_CBFF), "APB1ENR": (0, 0xFFFF_CBFF),
            "APB1LPENR": (0xFFFF_CBFF, 0xFFFF_CBFF),
            "APB2RSTR": (0, 0x04F7_7933), "APB2ENR": (0, 0x04F7_7F33),
            "APB2LPENR": (0x04F7_7F33, 0x04F7_7F33),
            "DCKCFGR1": (0, 0x01F3_1F1F), "DCKCFGR2": (0, 0x1FFF_FFFF),
        },
        "FLASH interface": {"CR": (0x8000_0000, 0x0300_037F), "OPTCR": (0xC0FF_AAFD, 0xC0FF_FFFE)},
        "DMA2": DMA | {f"S{stream}CR": (0, 0x0FEF_FFFF) for stream in range(8)},
        "SYSCFG": {"MEMRMP": (0, 0x0C00), "PMC": (0, 0x0087_0000)},
        "EXTI": {"PR": (0, 0)} | dict.fromkeys(("IMR", "EMR", "RTSR", "FTSR", "SWIER"), (0, 0x00FF_FFFF)),
        "USART6": {"CR1": (0, 0x1FFF_FFFD), "CR3": (0, 0x000E_FFFF), "ICR": (0, 0x0002_1B5F)},
        "DBGMCU": {"IDCODE": (0x1001_F449, 0), "APB1FZ": (0, 0x06E0_1FFF)},
    },
    F767: {
        "RCC": {
            "PLLCFGR": (0x2400_3010, 0x7F43_7FFF),
            "AHB2RSTR": (0, 0xC3), "AHB2ENR": (0, 0xC3), "AHB2LPENR": (0xC3, 0xC3),
            "APB1RSTR": (0, 0xFFFF_EBFF), "APB1ENR": (0x400, 0xFFFF_EFFF),
            "APB1LPENR": (0xFFFF_EFFF, 0xFFFF_EFFF),
            "APB2RSTR": (0, 0x64F7_79B3), "APB2ENR": (0, 0x64F7_7FB3),
            "APB2LPENR": (0x64F7_7FB3, 0x64F7_7FB3),
            "DCKCFGR1": (0, 0x07F3_1F1F), "DCKCFGR2": (0, 0x3FFF_FFFF),
        },
        "FLASH interface": {"CR": (0x8000_0000, 0x0300_83FF), "OPTCR": (0xFFFF_AAFD, 0xFFFF_FFFE)},
        "DMA2": DMA | {f"S{stream}CR": (0, 0x1FEF_FFFF) for stream in range(8)},
        "SYSCFG": {"MEMRMP": (0, 0x0D00), "PMC": (0, 0x0087_00FF)},
        "EXTI": {"PR": (0, 0)} | dict.fromkeys(("IMR", "EMR", "RTSR", "FTSR", "SWIER"), (0, 0x01FF_FFFF)),
        "USART6": {"CR1": (0, 0x1FFF_FFFF), "CR3": (0, 0x00FE_FFFF), "ICR": (0, 0x0012_1B5F)},
        "DBGMCU": {"IDCODE": (0x1001_F451, 0), "APB1FZ": (0, 0x07E0_3FFF)},
    },
}  # fmt: skip

# Flags that a write clears: the register that is written, what is written to clear all, and what goes.
CLEARED = {
    ("USART6", "ICR", "ISR"): (WORD, 0x0002_1B5F),
    ("FLASH interface", "SR", "SR"): (WORD, 0x0000_00F3),
    ("TIM2", "SR", "SR"): (0, 0x0000_1E1F),
    ("RNG", "SR", "SR"): (0, 0x0000_0060),
}


@pytest.fixture(scope="module", params=[F746, F767])
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    with Board(options=BoardOptions(chip=request.param, timing="instructions")) as made:
        yield made


def _block(board: Board, name: str) -> RegisterBlock:
    return next(block for block in board.system.bus.blocks if block.name == name)


def test_registers_begin_and_keep_what_the_manuals_say(board: Board) -> None:
    of_chip = OF_CHIP[board.options.chip]
    for name in {*ALIKE, *of_chip}:
        found = {one.name: (one.reset, one.writable) for one in _block(board, name).registers.values()}
        wanted = ALIKE.get(name, {}) | of_chip.get(name, {})
        assert {register: found[register] for register in wanted} == wanted, name
        assert name.startswith("GPIO") or set(found) == set(wanted), name


def test_every_uart_timer_and_port_has_the_registers_of_its_kind(board: Board) -> None:
    for kind, of_kind in {"USART6": ("USART", "UART"), "TIM2": ("TIM",)}.items():
        wanted = _block(board, kind).registers
        blocks = [block for block in board.system.bus.blocks if block.name.startswith(of_kind)]
        assert len(blocks) > 1
        assert all(block.registers == wanted for block in blocks)


@pytest.mark.parametrize("flags", CLEARED)
def test_a_write_clears_the_flags_that_can_be_cleared_and_no_other(
    board: Board, flags: tuple[str, str, str]
) -> None:
    name, written, kept = flags
    value, cleared = CLEARED[flags]
    if name == "USART6" and board.options.chip == F767:
        cleared = 0x0012_1B5F
    block = _block(board, name)
    offset: Callable[[str], int] = {one.name: at for at, one in block.registers.items()}.__getitem__
    if name == "FLASH interface":
        # Its flags are in the state that it shares with the hooks.
        board.core.state.flash.status = 0xFFFF
        block.write_register(offset(written), value)
        assert board.core.state.flash.status == 0xFFFF & ~cleared
        return
    block.values[offset(kept)] = WORD
    block.write_register(offset(written), value)
    assert block.values[offset(kept)] == WORD & ~cleared


def test_stack_frames_are_aligned_whatever_is_written(board: Board) -> None:
    """A Cortex-M7 has CCR.STKALIGN and CCR.BP fixed at 1."""
    ccr = 0x14
    control = _block(board, "SCB")
    assert control.read_register(ccr) == 0x0004_0200
    control.write_register(ccr, 0)
    assert control.read_register(ccr) == 0x0004_0200
