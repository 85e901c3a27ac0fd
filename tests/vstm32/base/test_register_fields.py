"""Names of bits stand where the registers of the board are."""

import pytest

from vstm32 import Board
from vstm32.base.register_fields import _TABLE, _family, describe, fields_of
from vstm32.look.trace import block_label


@pytest.mark.parametrize("name", _TABLE)
def test_fields_of_a_register_fit_into_it_and_do_not_overlap(name):
    taken = 0
    fields = fields_of(*name.replace("USART.", "USART6.").replace("GPIO.", "GPIOC.").split("."))
    fields = fields or fields_of(*name.replace("TIM.", "TIM2.").split("."))
    assert fields
    for field in fields:
        mask = ((1 << field.width) - 1) << field.lowest
        assert 0 < mask < 1 << 32
        assert not taken & mask, field
        taken |= mask


def test_every_register_with_names_is_one_of_the_board():
    with Board() as board:
        labels = {
            f"{family}.{register.name}"
            for block in board.system.bus.blocks
            for family in [_family(block_label(block))]
            for register in block.registers.values()
        }
    assert set(_TABLE) <= labels


@pytest.mark.parametrize(
    ("block", "register", "word", "text"),
    [
        ("USART6", "CR1", 0, ""),
        ("UART4", "CR1", 0xD, " UE RE TE"),
        ("USART1", "CR2", 0x2000, " STOP=2"),
        ("GPIOC", "MODER", 0xA000, " MODER6=2 MODER7=2"),
        ("GPIOC", "AFRH", 0x80, " AFR9=8"),
        ("RCC", "PLLCFGR", 0x29003608, " PLLM=8 PLLN=216 PLLQ=9"),
        ("USART6", "TDR", 0x41, " 'A'"),
        ("USART6", "TDR", 0x0A, ""),
        ("nothing", "CR1", 0xFFFF_FFFF, ""),
    ],
)
def test_what_a_word_says(block, register, word, text):
    assert describe(block, register, word) == text
