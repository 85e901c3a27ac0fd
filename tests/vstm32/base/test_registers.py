import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.base.registers import Register, RegisterBlock

WORDS = st.integers(0, 0xFFFF_FFFF)


class Repeating(RegisterBlock):
    narrow_writes_repeat = True


def block(kind=RegisterBlock, **options):
    return kind("TEST", 0x4000_0000, [Register("R", 0, **options)])


@given(reset=WORDS, writable=WORDS, value=WORDS)
def test_a_write_changes_writable_bits_only_and_reset_restores_all(reset, writable, value):
    registers = block(reset=reset, writable=writable)
    registers.write(0, 4, value)
    assert registers.read(0, 4) == reset & ~writable | value & writable
    registers.reset()
    assert registers.read(0, 4) == reset


@given(word=WORDS, value=WORDS, lane=st.integers(0, 3))
def test_a_byte_store_changes_one_byte_on_an_ahb_block(word, value, lane):
    registers = block(reset=word, writable=0xFFFF_FFFF)
    registers.write(lane, 1, value)
    expected = bytearray(word.to_bytes(4, "little"))
    expected[lane] = value & 0xFF
    assert registers.read(0, 4) == int.from_bytes(expected, "little")
    assert registers.read(lane, 1) == value & 0xFF


@pytest.mark.parametrize(("size", "expected"), [(1, 0x5A5A_5A5A), (2, 0x125A_125A)])
def test_the_apb_bridge_repeats_narrow_stores_over_the_word(size, expected):
    registers = block(Repeating, writable=0xFFFF_FFFF)
    registers.write(0, size, 0x0000_125A)
    assert registers.read(0, 4) == expected


def test_setting_an_unsupported_bit_is_remembered_once_it_changes():
    registers = block(writable=0xFF, unsupported=0xF0)
    registers.write(0, 4, 0x31)
    registers.write(0, 4, 0x31)
    assert [(register.name, bits) for register, bits in registers.unsupported_seen] == [("R", 0x30)]
