"""The CRC unit against known check values and an own implementation by another method."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.stm32 import crc
from vstm32.stm32.crc import CR, DR, IDR, INIT, POL, RESET, REV_OUT, Crc

CHECK = b"123456789"
BYTES_REVERSED = 1 << 5


def fed(data, *, size_bits, polynomial, initial, control):
    block = Crc()
    block.write(POL, 4, polynomial)
    block.write(INIT, 4, initial)
    block.write(CR, 4, control | {32: 0, 16: 1, 8: 2, 7: 3}[size_bits] << 3)
    for byte in data:
        block.write(DR, 1, byte)
    return block.read(DR, 4)


@pytest.mark.parametrize(
    ("size_bits", "polynomial", "initial", "control", "check"),
    [
        (32, 0x04C1_1DB7, 0xFFFF_FFFF, 0, 0x0376_E6E7),  # CRC-32/MPEG-2
        (32, 0x04C1_1DB7, 0xFFFF_FFFF, BYTES_REVERSED | REV_OUT, 0xCBF4_3926 ^ 0xFFFF_FFFF),  # CRC-32
        (16, 0x1021, 0xFFFF, 0, 0x29B1),  # CRC-16/CCITT-FALSE
        (16, 0x8005, 0, BYTES_REVERSED | REV_OUT, 0xBB3D),  # CRC-16/ARC
        (8, 0x07, 0, 0, 0xF4),  # CRC-8
        (7, 0x09, 0, 0, 0x75),  # CRC-7/MMC
    ],
)
def test_check_values_of_well_known_crcs(size_bits, polynomial, initial, control, check):
    got = fed(CHECK, size_bits=size_bits, polynomial=polynomial, initial=initial, control=control)
    assert got == check


def test_after_reset_it_is_the_crc_of_ethernet_word_by_word():
    block = Crc()
    assert block.read(DR, 4) == 0xFFFF_FFFF
    block.write(DR, 4, 0x1234_5678)
    assert block.read(DR, 4) == 0xDF8A_8A2B


@given(data=st.binary(max_size=64))
def test_reversed_it_is_the_crc_of_zip_and_png(data):
    control = BYTES_REVERSED | REV_OUT
    got = fed(data, size_bits=32, polynomial=0x04C1_1DB7, initial=0xFFFF_FFFF, control=control)
    assert got ^ 0xFFFF_FFFF == binascii.crc32(data)


@given(words=st.lists(st.integers(0, 2**32 - 1), max_size=8), reversal=st.sampled_from([0, 3]))
def test_a_word_is_its_bytes_from_the_top_or_bit_by_bit_from_the_bottom(words, reversal):
    whole, bits = Crc(), 0xFFFF_FFFF
    whole.write(CR, 4, reversal << 5)
    for word in words:
        whole.write(DR, 4, word)
        ordered = word if reversal == 0 else int(f"{word:032b}"[::-1], 2)
        bits = crc.crc_step(bits, ordered, 32, 0x04C1_1DB7, 32)
    assert whole.read(DR, 4) == bits


@pytest.mark.parametrize(("reversal", "word"), [(1, 0x8040_20C0), (2, 0x4080_C020), (3, 0xC020_4080)])
def test_input_is_reversed_in_bytes_half_words_or_words(reversal, word):
    """0x01020403 in each way, as the same word without reversal."""
    block, plain = Crc(), Crc()
    block.write(CR, 4, reversal << 5)
    block.write(DR, 4, 0x0102_0403)
    plain.write(DR, 4, word)
    assert block.read(DR, 4) == plain.read(DR, 4)


def test_the_initial_value_comes_with_reset_and_when_it_is_written():
    block = Crc()
    block.write(DR, 4, 1)
    block.write(INIT, 4, 0x1234)
    assert block.read(DR, 4) == 0x1234
    block.write(DR, 4, 1)
    block.write(CR, 4, RESET)
    assert (block.read(DR, 4), block.read(CR, 4)) == (0x1234, 0)


def test_the_independent_byte_survives_a_reset_of_the_calculation():
    block = Crc()
    block.write(IDR, 4, 0x1AB)
    block.write(CR, 4, RESET)
    assert block.read(IDR, 4) == 0xAB


def test_firmware_feeds_bytes_half_words_and_words(bench):
    source = """
    #define CRC 0x40023000u
    int main(void)
    {
        REG(RCC_AHB1ENR) |= 1u << 12; (void)REG(RCC_AHB1ENR);
        REG(CRC + 8) = 1u << 5 | 1u << 7 | 1u;
        REG(CRC) = 0x34333231u;
        seen[0] = REG(CRC);
        REG(CRC + 8) |= 1u;
        for (const char *text = "123456789"; *text; text++) *(volatile uint8_t *)CRC = (uint8_t)*text;
        seen[1] = ~REG(CRC);
        REG(CRC + 8) = 1u;
        *(volatile uint16_t *)CRC = 0x3132; *(volatile uint16_t *)CRC = 0x3334;
        seen[2] = REG(CRC);
        REG(CRC + 8) = 1u; REG(CRC) = 0x31323334u;
        seen[3] = REG(CRC);
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    # A word goes in from its top byte: with bytes reversed, "4321".
    assert board.seen(0) ^ 0xFFFF_FFFF == binascii.crc32(b"4321")
    assert board.seen(1) == binascii.crc32(CHECK)
    assert board.seen(2) == board.seen(3)
    assert board.board.findings == ()
