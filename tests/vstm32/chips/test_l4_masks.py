"""Bits that firmware can write of an STM32L4R5, and values after reset, of the blocks that ST makes.

Bits are those that ST names for programs (stm32l4r5xx.h of STMicroelectronics/cmsis_device_l4), but for what
hardware alone sets. Values after reset are those of RM0432, held against STM32L4R5.svd of
cmsis-svd/cmsis-svd-data, of which a part is that of older chips.
"""

from collections.abc import Iterator

import pytest

from vstm32 import Board, BoardOptions
from vstm32.base.registers import WORD
from vstm32.chips.stm32l4r5 import CHIP

REGISTERS = {
    "RCC": {
        "AHB1ENR": (0x100, 0x0003_1107), "AHB1SMENR": (0x0003_1307, 0x0003_1307),
        "AHB2ENR": (0, 0x0054_71FF), "AHB2SMENR": (0x0054_77FF, 0x0054_77FF),
        "AHB3ENR": (0, 0x301), "AHB3SMENR": (0x301, 0x301),
        "APB1ENR1": (0x400, 0xF3FE_CC3F), "APB1RSTR1": (0, 0xF3FE_C03F), "APB1SMENR2": (0x23, 0x23),
        "APB2ENR": (0, 0x0167_7881), "APB2RSTR": (0, 0x0167_7801), "APB2SMENR": (0x0167_7801, 0x0167_7801),
        "CCIPR": (0, 0x3C3F_FFFF), "CCIPR2": (0, 0x0033_47FF),
    },
    "PWR": {
        "CR3": (0x8000, 0x951F), "PUCRA": (0, 0xBFFF), "PDCRA": (0, 0x5FFF), "PUCRB": (0, 0xFFFF),
        "PDCRB": (0, 0xFFEF), "PDCRH": (0, 0xFFFF), "PUCRI": (0, 0x0FFF), "PDCRI": (0, 0x0FFF),
    },
    "FLASH interface": {"OPTR": (0xFFEF_F8AA, 0x0FFF_77FF)},
    "EXTI": {
        "IMR1": (0xFF82_0000, WORD), "EMR1": (0, WORD), "PR1": (0, 0),
        **dict.fromkeys(("RTSR1", "FTSR1", "SWIER1"), (0, 0x007D_FFFF)),
        "IMR2": (0x103, 0x17B), "EMR2": (0, 0x17B), "PR2": (0, 0),
        **dict.fromkeys(("RTSR2", "FTSR2", "SWIER2"), (0, 0x78)),
    },
    "SYSCFG": {
        "MEMRMP": (0, 0x107), "CFGR1": (0x7C00_0001, 0xFCFF_0101), "EXTICR1": (0, 0xFFFF),
        "EXTICR4": (0, 0x7777), "SCSR": (0, 1), "CFGR2": (0, 0xF), "SWPR": (0, WORD), "SKR": (0, 0),
        "SWPR2": (0, WORD),
    },
    "TIM2": {"SMCR": (0, 0x1_FFFF), "OR": (0, 0xF)},
    "TIM5": {"SMCR": (0, 0x1_FFFF), "OR": (0, 0)},
    "LPUART1": {"ISR": (0xC0, 0)},
    "USART2": {"ISR": (0xC0, 0)},
    "GPIOA": {"BRR": (0, 0), "MODER": (0xABFF_FFFF, WORD)},
}  # fmt: skip


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with Board(options=BoardOptions(chip=CHIP.name, timing="instructions")) as made:
        yield made


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_begin_and_keep_what_st_says(board: Board, name: str) -> None:
    [block] = [block for block in board.system.bus.blocks if block.name == name]
    found = {one.name: (one.reset, one.writable) for one in block.registers.values()}
    wanted = REGISTERS[name]
    assert {register: found[register] for register in wanted} == wanted


M4 = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16")


def test_brr_pulls_pins_low(bench):
    source = """
    int main(void)
    {
        REG(0x4002104Cu) |= 2; (void)REG(0x4002104Cu);
        REG(0x48000400u) = 0x5555;  /* GPIOB_MODER: outputs */
        REG(0x48000418u) = 0xFF; REG(0x48000428u) = 0x0F;
        seen[0] = REG(0x48000410u) & 0xFF; seen[1] = REG(0x48000428u);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source, *M4, chip=CHIP.name).run()
    assert (board.seen(0), board.seen(1)) == (0xF0, 0)
    assert board.board.findings == ()


@pytest.mark.parametrize(("line", "interrupt"), [(16, 1), (18, 41), (19, 2), (20, 3), (21, 64), (22, 64)])
def test_a_line_of_exti_has_the_interrupt_of_the_chip(bench, line: int, interrupt: int):
    source = f"""
    int main(void)
    {{
        REG(0x40010400u) |= 1u << {line};
        REG(0x40010410u) = 1u << {line};
        seen[0] = REG(0xE000E200u); seen[1] = REG(0xE000E204u); seen[2] = REG(0xE000E208u);
        seen[63] = 1;
        return 0;
    }}
    """
    board = bench(source, *M4, chip=CHIP.name).run()
    pending = sum(board.seen(index) << 32 * index for index in range(3))
    assert pending == 1 << interrupt


def test_usart2_receives_on_pa15_by_a_function_of_its_own():
    [wiring] = [wiring for wiring in CHIP.usarts if wiring.name == "USART2"]
    assert [(str(pin), pin.alternate_function) for pin in wiring.receive] == [
        ("PA3", 7),
        ("PD6", 7),
        ("PA15", 3),
    ]
