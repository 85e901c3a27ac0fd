"""What the firmware says after reset, and which clocks it makes."""

import re
from dataclasses import replace

import pytest

from mcumatrix import wire
from mcumatrix.model.chip import is_virtual_chip
from support.firmware_images import HELLO


@pytest.mark.parametrize("clock_hz", [216_000_000, 288_000_000])
def test_the_first_line_is_the_clock_that_runs(power_on, clock_hz):
    terminal = power_on(clock_hz=clock_hz)
    assert terminal.boot.startswith(f"Program started @ {clock_hz}...\r\n@begin 0 command=0 nonce=00000000 *")


def test_after_reset_the_image_says_which_one_it_is(power_on):
    (boot,) = wire.read_exchanges(power_on().boot.encode())
    assert (boot.command, boot.nonce, boot.ok) == (0, 0, True)
    assert boot.of(wire.Hello) == (HELLO,)
    assert [type(message) for message in boot.messages] == [
        *(wire.Hello, wire.Clocks),
        *(wire.Rate, wire.Rate, wire.Rate),
        *(wire.Register, wire.Register, wire.Register, wire.Register),
    ]


@pytest.mark.parametrize(
    ("mhz", "pclk1_mhz", "pclk2_mhz", "wait_states"),
    [
        (50, 25, 50, 1),
        (60, 30, 60, 1),
        (61, 30.5, 61, 2),
        (180, 45, 90, 5),
        (181, 45.25, 90.5, 6),
        (210, 52.5, 105, 6),
        (216, 54, 108, 7),
        (288, 36, 72, 7),
        (432, 54, 108, 7),
    ],
)
def test_buses_and_flash_stay_within_their_limits(power_on, mhz, pclk1_mhz, pclk2_mhz, wait_states):
    terminal = power_on(clock_hz=mhz * 1_000_000)
    (boot,) = wire.read_exchanges(terminal.boot.encode())
    assert boot.of(wire.Clocks) == (wire.Clocks(mhz * 1_000_000),)
    assert boot.of(wire.Rate) == (
        wire.Rate("SYSCLK", mhz * 1_000_000),
        wire.Rate("PCLK1", int(pclk1_mhz * 1_000_000)),
        wire.Rate("PCLK2", int(pclk2_mhz * 1_000_000)),
    )
    registers = {register.label: register.value for register in boot.of(wire.Register)}
    assert list(registers) == ["RCC_PLLCFGR", "RCC_CFGR", "FLASH_ACR", "DBGMCU_IDCODE"]
    assert registers["FLASH_ACR"] == wait_states
    assert is_virtual_chip(registers["DBGMCU_IDCODE"])
    assert registers["RCC_PLLCFGR"] & 0x0043_7FFF == mhz << 6 | 8, "HSI / 8 * PLLN / 2"


@pytest.mark.parametrize("clock_hz", [49_000_000, 433_000_000, 216_000_001])
def test_a_clock_that_cannot_be_made_is_an_error_and_nothing_is_measured(power_on, clock_hz):
    terminal = power_on(clock_hz=clock_hz)
    error = (
        f"ERROR: the core clock could not be set to {clock_hz} Hz and is 16000000 Hz; "
        "build the image for another clock, in whole MHz"
    )
    assert terminal.boot.startswith("Program started @ 16000000...\r\n")
    (boot,) = wire.read_exchanges(terminal.boot.encode())
    assert not boot.ok
    assert boot.text == (error,)
    assert boot.of(wire.Hello) == (replace(HELLO, clock_hz=clock_hz),)
    assert terminal.ask("CMD=2") == error + "\r\n"
    assert terminal.ask("CMD=1") == error + "\r\n"
    for command in (
        wire.RunBench(7, 1, 1),
        wire.WriteInput(7, 0, b"\0"),
        wire.DumpLayer(7, 0),
        wire.Infer(7),
    ):
        (refused,) = wire.read_exchanges(terminal.ask(command).encode())
        assert (refused.command, refused.nonce, refused.messages) == (command.number, 7, ())
        assert (refused.text, refused.ok) == ((error,), False)


def test_a_runtime_that_does_not_start_is_named_after_reset(power_on):
    terminal = power_on(flags=("-DFAKE_SETUP_FAILS",))
    (boot,) = wire.read_exchanges(terminal.boot.encode())
    assert boot.text == ("ERROR: the runtime did not start: the fake runtime has no model",)
    assert not boot.ok


def test_a_digit_of_another_size_than_the_input_is_named_after_reset(power_on):
    terminal = power_on(digit=b"\0" * 99)
    (boot,) = wire.read_exchanges(terminal.boot.encode())
    assert boot.text == (
        "ERROR: the built-in input does not have the size of the model's input; "
        "render and build the image again",
    )
    assert not boot.ok


def test_the_image_says_again_who_it_is_when_asked(power_on):
    terminal = power_on()
    (boot,) = wire.read_exchanges(terminal.boot.encode())
    (again,) = wire.read_exchanges(terminal.ask(wire.Identify(0xBEEF)).encode())
    assert (again.command, again.nonce) == (wire.Identify.number, 0xBEEF)
    assert again.messages == boot.messages
    assert re.fullmatch(r"(@[ -~]+\r\n){11}", terminal.ask(wire.Identify(1)))
