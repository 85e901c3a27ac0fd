"""What a person on a terminal sees: CMD=1, CMD=2, and what is said to a line that is not a command."""

import re

import pytest

from mcumatrix import wire

USAGE = (
    "CMD=1, CMD=2, CMD=3 nonce=<8 hex digits> warmup=<number> repeat=<number>, "
    "CMD=4 nonce=<8 hex digits> offset=<number> payload=<hex digits>, "
    "CMD=5 nonce=<8 hex digits> layer=<number>, CMD=6 nonce=<8 hex digits>, "
    "CMD=7 offset=<number> payload=<hex digits>, CMD=8 nonce=<8 hex digits>"
)


def unknown(shown):
    return f"ERROR: unknown command '{shown}'; there are {USAGE}\r\n"


def test_command_1_shows_the_tensors(power_on):
    shown = power_on().ask("CMD=1")
    assert shown.startswith(
        "Input: INT8 1x10x10x1, 100 bytes, scale 0.25, zero point -3\r\n"
        "Output: INT8 1x4, 4 bytes, scale 0.5, zero point -128\r\n"
        "Arena: 204 bytes\r\n"
        "Stack: "
    )
    stack = re.search(r"Stack: (\d+) of 16384 bytes used so far\r\n\Z", shown)
    assert stack is not None
    assert 200 < int(stack[1]) < 8000


def test_command_1_says_nothing_of_scale_where_there_is_none(power_on):
    assert "Output: FLOAT32 1x4, 16 bytes\r\n" in power_on(flags=("-DFAKE_FLOAT32",)).ask("CMD=1")


def test_command_2_prints_times_in_milliseconds_and_real_numbers(power_on):
    shown = power_on().ask("CMD=2")
    match = re.fullmatch(
        r"RESHAPE: (\d+\.\d{6}) msec\r\nSOFTMAX: (\d+\.\d{6}) msec\r\nTotal time: (\d+\.\d{6}) msec\r\n"
        r"Out\[0\]: 64\.000000\r\nOut\[1\]: 66\.500000\r\nOut\[2\]: 63\.000000\r\nOut\[3\]: 67\.500000\r\n",
        shown,
    )
    assert match is not None, shown
    reshape, softmax, total = map(float, match.groups())
    assert reshape > 0
    assert softmax > 0
    assert total == pytest.approx(reshape + softmax, abs=2e-6)


def test_command_2_prints_floats_as_they_are(power_on):
    shown = power_on(flags=("-DFAKE_FLOAT32",)).ask("CMD=2")
    assert shown.endswith("Out[0]: 0.000000\r\nOut[1]: 5.000000\r\nOut[2]: -2.000000\r\nOut[3]: 7.000000\r\n")


def test_milliseconds_of_command_2_are_the_cycles_of_command_3_over_the_clock(power_on):
    terminal = power_on()
    (bench,) = wire.read_exchanges(terminal.ask(wire.RunBench(1, 1, 1)).encode())
    cycles = [time.cycles for time in bench.of(wire.Time)]
    shown = re.findall(r"(?:RESHAPE|SOFTMAX): ([0-9.]+) msec", terminal.ask("CMD=2"))
    assert shown == [f"{1000 * each / 216e6:.6f}" for each in cycles]


def test_command_2_always_runs_the_built_in_digit(power_on):
    terminal = power_on()
    before = terminal.ask("CMD=2")
    terminal.ask(wire.WriteInput(1, 0, bytes([0, 1, 1, 1])))
    assert terminal.ask("CMD=2") == before


def test_a_runtime_that_fails_is_an_error_line(power_on):
    terminal = power_on(digit=bytes([1, *range(99)]))
    assert terminal.ask("CMD=2") == "ERROR: the runtime failed: the fake runtime was told to fail\r\n"


@pytest.mark.parametrize(
    "line",
    [
        "CMD=9",
        "CMD=",
        "CMD=1 ",
        " CMD=1",
        "cmd=1",
        "CMD=01x",
        "CMD=4294967297",
        "CMD=3",
        "CMD=3 nonce=0000beef warmup=1",
        "CMD=3 nonce=beef warmup=1 repeat=1",
        "CMD=6 nonce=0000BEEF",
        "CMD=5 nonce=0000beef layer=-1",
        "CMD=5 nonce=0000beef layer=4294967296",
        "CMD=4 nonce=0000beef offset=0 payload=",
        "CMD=4 nonce=0000beef offset=0 payload=1",
    ],
)
def test_what_is_not_a_command_is_refused_and_the_commands_are_named(power_on, line):
    assert power_on().ask(line) == unknown(line)


def test_every_declared_command_is_named_with_its_fields():
    for number, command in wire.Command.by_number.items():
        fields = "".join(f" {name}=<[a-z0-9 ]+>" for name in command.codecs())
        assert re.search(rf"CMD={number}{fields}(, |$)", USAGE), f"the usage does not have CMD={number}"


def test_unprintable_bytes_of_a_line_are_shown_escaped(power_on):
    terminal = power_on()
    assert terminal.send(b"a\x1b[2J\xff\\\t\r") == unknown(r"a\x1b[2J\xff\x5c\x09")


def test_a_line_with_a_nul_is_not_the_command_before_it(power_on):
    assert power_on().send(b"CMD=1\0\r").startswith("ERROR: unknown command 'CMD=1\\x")


def test_a_long_unknown_line_is_shown_shortened(power_on):
    shown = power_on().send(b"x" * 100 + b"\r")
    assert shown == unknown("x" * 44 + "...")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n\n"])
def test_a_line_ends_with_cr_or_lf_or_both_and_empty_lines_are_nothing(power_on, end):
    shown = power_on().send(end + b"CMD=1" + end)
    assert shown.count("Input: ") == 1
    assert "ERROR" not in shown


def test_a_line_of_full_length_is_read(power_on):
    line = b"y" * (wire.MAX_LINE_BYTES - 1)
    assert power_on().send(line + b"\r") == unknown("y" * 44 + "...")


@pytest.mark.parametrize("length", [wire.MAX_LINE_BYTES, 3000])
def test_an_overlong_line_is_skipped_to_its_end(power_on, length):
    terminal = power_on()
    error = "ERROR: a line may have 512 bytes with its end; this one is longer and was skipped\r\n"
    assert terminal.send(b"CMD=1".ljust(length, b" ")) == ""
    assert terminal.send(b"\r") == error
    assert terminal.ask("CMD=1").startswith("Input: ")


def test_the_longest_command_fits_a_line():
    longest = wire.WriteInput(0, 2**32 - 1, bytes(wire.MAX_DATA_BYTES)).encode()
    assert len(longest) <= wire.MAX_LINE_BYTES
