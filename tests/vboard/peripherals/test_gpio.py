import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.vboard.peripherals import gpio
from mcumatrix.vboard.peripherals.gpio import Gpio


@pytest.mark.parametrize(("port", "mode"), [("A", 0xA800_0000), ("B", 0x280), ("C", 0), ("K", 0)])
def test_mode_registers_start_as_in_the_reference_manual(port, mode):
    assert Gpio(port).read_register(gpio.MODER) == mode


def test_ports_stand_one_kilobyte_apart():
    assert [Gpio(port).base for port in "AK"] == [0x4002_0000, 0x4002_2800]


@given(before=st.integers(0, 0xFFFF), sets=st.integers(0, 0xFFFF), clears=st.integers(0, 0xFFFF))
def test_bsrr_sets_and_clears_and_setting_wins(before, sets, clears):
    port = Gpio("D")
    port.write_register(gpio.ODR, before)
    port.write_register(gpio.BSRR, clears << 16 | sets)
    assert port.read_register(gpio.ODR) == (before & ~clears) | sets


def test_a_half_word_store_to_bsrr_touches_only_its_half():
    port = Gpio("D")
    port.write_register(gpio.ODR, 0x0F)
    port.write(gpio.BSRR + 2, 2, 0x03)
    assert port.read_register(gpio.ODR) == 0x0C


def test_an_output_reads_its_level_and_an_input_its_pull_resistor():
    port = Gpio("E")
    port.write_register(gpio.MODER, 0b01)
    port.write_register(gpio.PUPDR, 0b01 << 4 | 0b10 << 6)
    port.write_register(gpio.ODR, 0b1111)
    assert port.read_register(gpio.IDR) == 0b0101


def test_the_alternate_function_counts_only_in_alternate_mode():
    port = Gpio("C")
    port.write_register(gpio.AFRL, 8 << 24)
    assert port.alternate_function(6) is None
    port.write_register(gpio.MODER, 2 << 12)
    assert port.alternate_function(6) == 8


def test_a_byte_store_changes_one_byte_of_an_ahb_register():
    port = Gpio("C")
    port.write_register(gpio.AFRL, 0x1122_3344)
    port.write(gpio.AFRL + 1, 1, 0xAB)
    assert port.read_register(gpio.AFRL) == 0x1122_AB44
    assert (port.read(gpio.AFRL + 1, 1), port.read(gpio.AFRL + 2, 2)) == (0xAB, 0x1122)
