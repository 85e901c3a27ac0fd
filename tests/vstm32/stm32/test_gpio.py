import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.base.errors import VirtualBoardError
from vstm32.stm32 import gpio
from vstm32.stm32.gpio import Gpio


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


def locked(port, pins):
    for value in 1 << 16 | pins, pins, 1 << 16 | pins:
        port.write_register(gpio.LCKR, value)


def test_locked_pins_keep_their_settings_until_reset():
    port = Gpio("D")
    port.write_register(gpio.MODER, 0x5)
    locked(port, 0x201)
    assert port.read_register(gpio.LCKR) == 0x1_0201
    for offset in (gpio.MODER, gpio.OTYPER, gpio.OSPEEDR, gpio.PUPDR, gpio.AFRL, gpio.AFRH):
        port.write_register(offset, 0xFFFF_FFFF)
    kept = {
        gpio.MODER: 0xFFF3_FFFD, gpio.OTYPER: 0xFDFE, gpio.OSPEEDR: 0xFFF3_FFFC, gpio.PUPDR: 0xFFF3_FFFC,
        gpio.AFRL: 0xFFFF_FFF0, gpio.AFRH: 0xFFFF_FF0F,
    }  # fmt: skip
    assert {offset: port.read_register(offset) for offset in kept} == kept
    port.write_register(gpio.ODR, 1)
    assert port.read_register(gpio.ODR) == 1
    port.write_register(gpio.LCKR, 0)
    assert port.read_register(gpio.LCKR) == 0x1_0201
    port.reset()
    port.write_register(gpio.MODER, 0xFFFF_FFFF)
    assert port.read_register(gpio.MODER) == 0xFFFF_FFFF


@pytest.mark.parametrize(
    "writes",
    [
        [0x1_0001, 0x0_0001], [0x1_0001, 0x0_0003, 0x1_0001], [0x0_0001, 0x1_0001, 0x0_0001],
        [0x1_0001, 0x1_0001, 0x0_0001],
    ],
)  # fmt: skip
def test_any_other_sequence_locks_nothing(writes):
    port = Gpio("D")
    for value in writes:
        port.write_register(gpio.LCKR, value)
    assert not port.read_register(gpio.LCKR) & 1 << 16
    port.write_register(gpio.MODER, 3)
    assert port.read_register(gpio.MODER) == 3


def test_a_read_in_the_middle_of_the_sequence_begins_it_anew():
    port = Gpio("D")
    port.write_register(gpio.LCKR, 0x1_0001)
    port.read_register(gpio.LCKR)
    port.write_register(gpio.LCKR, 0x0_0001)
    port.write_register(gpio.LCKR, 0x1_0001)
    assert not port.read_register(gpio.LCKR) & 1 << 16


def test_an_open_drain_pulls_low_and_else_leaves_the_level_to_others():
    port = Gpio("E")
    port.write_register(gpio.MODER, 0b0101)
    port.write_register(gpio.OTYPER, 0b11)
    port.write_register(gpio.ODR, 0b01)
    port.drive(0, 1)
    port.drive(1, 1)
    assert port.read_register(gpio.IDR) == 0b01
    port.drive(0, 0)
    assert port.read_register(gpio.IDR) == 0


def test_an_analog_pin_reads_zero():
    port = Gpio("E")
    port.drive(3, 1)
    assert port.read_register(gpio.IDR) == 1 << 3
    port.write_register(gpio.MODER, 3 << 6)
    assert port.read_register(gpio.IDR) == 0


def test_firmware_reads_a_wire_on_a_pin(bench):
    source = """
    int main(void)
    {
        REG(RCC_AHB1ENR) |= 1u << 8; (void)REG(RCC_AHB1ENR);
        while (!(REG(0x40022010u) & 1u << 11)) { }
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source)
    board.board.run(max_cycles=100_000)
    assert board.seen(63) == 0
    board.board.drive_pin("PI11", 1)
    assert board.run().seen(63) == 1


@pytest.mark.parametrize(
    ("pin", "level", "message"),
    [
        ("PL0", 1, "There is no pin 'PL0'.\n  There are PA0 to PK15."),
        ("PA16", 1, "There is no pin 'PA16'.\n  There are PA0 to PK15."),
        ("pa1", 1, "There is no pin 'pa1'.\n  There are PA0 to PK15."),
        ("PA1", 2, "PA1 cannot be 2.\n  A level is 0 or 1, or null for no wire."),
    ],
)
def test_a_pin_or_a_level_that_is_none_is_refused(bench, pin, level, message):
    board = bench("int main(void) { return 0; }").board
    with pytest.raises(VirtualBoardError) as caught:
        board.drive_pin(pin, level)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("chip", "enable", "input_register", "pin"),
    [("stm32f746xg", 8, 0x4002_2010, 11), ("stm32f767xi", 2, 0x4002_0810, 13)],
)
def test_the_user_button_is_low_until_it_is_pressed(bench, chip, enable, input_register, pin):
    source = f"""
    int main(void)
    {{
        REG(RCC_AHB1ENR) |= 1u << {enable}; (void)REG(RCC_AHB1ENR);
        REG({input_register}u - 4) = 1u << 2 * {pin};
        for (;;) {{ seen[0] = REG({input_register}u) >> {pin} & 1u; seen[63] = 1; }}
    }}
    """
    board = bench(source, chip=chip).run()
    assert board.seen(0) == 0
    board.board.press_button(True)
    board.board.run(max_cycles=1000)
    assert board.seen(0) == 1
    board.board.press_button(False)
    board.board.run(max_cycles=1000)
    assert board.seen(0) == 0
