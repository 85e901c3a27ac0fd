"""The dialogue of MLPerf Tiny on the virtual board's second port, as its runner leads it."""

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcumatrix.client import messages
from mcumatrix.client.description import Description
from support.compiling import run
from support.firmware_images import HELLO, Build
from support.inference_server import ServedBoard, build_image
from vstm32 import Trace

INPUT = bytes([0, *range(1, 100)])
"""Of 100 bytes, as the fake runtime takes them; the first asks it for nothing special."""


@pytest.fixture(scope="module")
def images(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Images by the names of their models, each made once; the server is compiled once for all."""
    folder = tmp_path_factory.mktemp("mlperf")
    made: dict[str, Path] = {}

    def image(model: str) -> Path:
        if model not in made:
            elf = folder / "image" / "image.elf"
            if not made:
                build_image(build, folder)
            build.render(replace(HELLO, model=model))
            run("ninja", "-j2", "-C", folder / "image")
            made[model] = folder / f"{model}.elf"
            made[model].write_bytes(elf.read_bytes())
            build.render()
        return made[model]

    return image


@pytest.fixture
def served(images: Callable[[str], Path]) -> Iterator[Callable[[str], ServedBoard]]:
    with ExitStack() as closing:

        def power_on(model: str) -> ServedBoard:
            board = ServedBoard(images(model))
            closing.callback(board.close)
            return board

        yield power_on


def _say(board: ServedBoard, command: str) -> list[str]:
    """Sends a command as the runner does; returns the lines of the answer before `m-ready`."""
    *lines, ready, nothing = board.say(command.encode() + b"%").decode("ascii").split("\r\n")
    assert (ready, nothing) == ("m-ready", "")
    return lines


def _load(board: ServedBoard, data: bytes) -> list[str]:
    """The input in parts of 31 bytes, as the runner sends it."""
    lines = _say(board, f"db load {len(data)}")
    for at in range(0, len(data), 31):
        lines += _say(board, f"db {data[at : at + 31].hex()}")
    return lines


def _times_us(lines: list[str]) -> list[int]:
    return [int(match[1]) for line in lines if (match := re.fullmatch(r"m-lap-us-(\d+)", line))]


def _results(lines: list[str]) -> list[float]:
    [found] = [match[1] for line in lines if (match := re.fullmatch(r"m-results-\[([^]]+)\]", line))]
    return [float(number) for number in found.split(",")]


def _output(board: ServedBoard, data: bytes) -> np.ndarray:
    """What the benchmark answers to the same input: real numbers."""
    for offset in range(0, 100, 50):
        board.console(f"CMD=4 nonce=00000001 offset={offset} payload={data[offset : offset + 50].hex()}")
    said = board.console("CMD=8 nonce=00000002")
    [payload] = re.findall(r"@data \d+ offset=0 payload=([0-9a-f]{8})", said)
    return (np.frombuffer(bytes.fromhex(payload), np.int8).astype(float) + 128) * 0.5


def test_the_runner_learns_which_device_and_which_benchmark_it_is(
    served: Callable[[str], ServedBoard],
) -> None:
    board = served("mlperf-kws")
    assert _say(board, "name") == ["m-name-dut-[stm32f746g_disco]"]
    assert _say(board, "profile") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[kws01]"]
    [first] = _times_us(_say(board, "timestamp"))
    [second] = _times_us(_say(board, "timestamp"))
    assert second > first


def test_performance_mode_gives_results_and_the_time_of_all_inferences(
    served: Callable[[str], ServedBoard],
) -> None:
    board = served("mlperf-kws")
    assert _load(board, INPUT) == ["m-[Expecting 100 bytes]", "m-load-done"]
    once, many = _say(board, "infer 1 0"), _say(board, "infer 1000 2")
    assert [line for line in many if "lap" not in line and "results" not in line] == [
        "m-warmup-start-2",
        "m-warmup-done",
        "m-infer-start-1000",
        "m-infer-done",
    ]
    (begun, ended), (begun_many, ended_many) = _times_us(once), _times_us(many)
    assert ended_many - begun_many > 100 * max(1, ended - begun)
    assert _results(once) == _results(many) == _results(_say(board, "results"))
    assert _results(once) == list(_output(board, INPUT))


def test_pixels_are_moved_into_the_range_of_the_model(served: Callable[[str], ServedBoard]) -> None:
    board = served("mlperf-resnet")
    assert _say(board, "profile")[1] == "m-model-[ic01]"
    pixels = bytes(value ^ 0x80 for value in INPUT)
    _load(board, pixels)
    assert _results(_say(board, "infer 1 0")) == list(_output(board, INPUT))


def test_anomalies_are_the_mean_square_of_what_output_and_input_differ_by(
    served: Callable[[str], ServedBoard],
) -> None:
    board = served("mlperf-autoencoder")
    assert _say(board, "profile")[1] == "m-model-[ad01]"
    steps = np.frombuffer(INPUT, np.int8)
    reals = ((steps.astype(np.float32) + 3) * 0.25 + 0.05).astype("<f4")  # a step is 0.25: rounded to it
    assert _load(board, reals.tobytes()) == ["m-[Expecting 400 bytes]", "m-load-done"]
    [found] = _results(_say(board, "infer 1 0"))
    output = _output(board, INPUT)
    expected = np.mean((output - reals[: len(output)]) ** 2)
    assert found == pytest.approx(expected, abs=0.0006)


def test_numbers_that_no_int8_stands_for_are_the_nearest_one(served: Callable[[str], ServedBoard]) -> None:
    board = served("mlperf-autoencoder")
    for value, step in ((float("nan"), -128), (float("-inf"), -128), (1e30, 127)):
        numbers = [(0 + 3) * 0.25] + [value] * 99
        _load(board, struct.pack("<100f", *numbers))
        _say(board, "infer 1 0")
        taken = board.board.read_memory(board.board.symbol("input_data"), 100)
        assert list(np.frombuffer(taken, np.int8)) == [0] + [step] * 99


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("", "e-[Unknown command: ]"),
        ("dance", "e-[Unknown command: dance]"),
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 99", "e-[The input has 100 bytes, and not 99]"),
        ("db load 99999999999999999999", "e-[The input has 100 bytes, and not 99999999999999999999]"),
        ("db 00", "e-[Nothing is expected; 'db load' comes first]"),
        ("infer 1 0", "e-[The input is not loaded: 0 of 100 bytes]"),
        ("infer 0", "e-[Inference iterations must be >0 and at most 1000000]"),
        ("infer -1", "e-[Inference iterations must be >0 and at most 1000000]"),
        ("infer 1 x", "e-[Inference warmup must be >=0 and at most 1000000]"),
        ("results", "e-[There is no result; 'infer' makes one]"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_next_command_is_obeyed(
    served: Callable[[str], ServedBoard], command: str, answer: str
) -> None:
    board = served("mlperf-kws")
    assert _say(board, command) == [answer]
    assert _say(board, "name") == ["m-name-dut-[stm32f746g_disco]"]


def test_digits_that_are_none_change_nothing_and_more_than_enough_are_left(
    served: Callable[[str], ServedBoard],
) -> None:
    board = served("mlperf-kws")
    _say(board, "db load 100")
    assert _say(board, "db 0") == ["e-[Insufficent number of hex digits]"]
    assert _say(board, "db 0g") == ["e-[Invalid hex digit 'g']"]
    assert _say(board, "infer 1 0") == ["e-[The input is not loaded: 0 of 100 bytes]"]
    assert _say(board, f"db {INPUT.hex()}ffff") == ["m-load-done"]
    assert _results(_say(board, "infer 1 0")) == list(_output(board, INPUT))


def test_the_other_protocols_are_answered_in_between(served: Callable[[str], ServedBoard]) -> None:
    board = served("mlperf-kws")
    _load(board, INPUT)
    found = board.ask(messages.describe())
    assert isinstance(found, Description)
    assert found.model == "mlperf-kws"
    assert len(_results(_say(board, "infer 1 0"))) == 4


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("mlperf-kws", INPUT),
        ("mlperf-resnet", INPUT),
        ("mlperf-autoencoder", np.arange(100, dtype="<f4").tobytes()),
    ],
)
def test_the_input_is_printed_as_it_came(
    served: Callable[[str], ServedBoard], model: str, data: bytes
) -> None:
    board = served(model)
    assert _say(board, "db print") == []
    _say(board, f"db load {len(data)}")
    _say(board, f"db {data[:21].hex()}")
    assert _say(board, "db print") == [f"m-buffer-{data[at : min(at + 8, 21)].hex('-')}" for at in (0, 8, 16)]
    _say(board, f"db {data[21:100].hex()}")
    assert _say(board, "db print 9 90") == [
        f"m-buffer-{data[90:98].hex('-')}",
        f"m-buffer-{data[98:99].hex('-')}",
    ]
    assert _say(board, "db print 11 90") == ["e-[There are 10 bytes from 90 on, and not 11]"]
    assert _say(board, "db print 1 x") == ["e-[There are 100 bytes, and none at x]"]


class Pulses:
    """The edges of the pin for timestamps: (cycle at which it is pulled low, cycle at which it is let go)."""

    _PIN = 7
    """PG7, D4 of the Arduino connector."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        """What was written to the port, and read."""
        self.trace = Trace(self._lines.append, lambda _address: "", only=("GPIOG",))

    def is_open_drain(self) -> bool:
        """Whether the pin was made so."""
        return any(f"OTYPER <- {1 << self._PIN:#010x}" in line for line in self._lines)

    def take(self) -> list[tuple[int, int]]:
        """Those since the last time."""
        writes = [line.split() for line in self._lines if "BSRR <- " in line]
        self._lines.clear()
        falls = [int(words[0]) for words in writes if int(words[4], 16) == 1 << (self._PIN + 16)]
        rises = [int(words[0]) for words in writes if int(words[4], 16) == 1 << self._PIN]
        return list(zip(falls, rises[-len(falls) :], strict=True)) if falls else []


@pytest.fixture
def measured_board(images: Callable[[str], Path]) -> Iterator[tuple[ServedBoard, Pulses]]:
    pulses = Pulses()
    board = ServedBoard(images("mlperf-kws"), trace=pulses.trace, energy_mode=True)
    yield board, pulses
    board.close()


def test_a_wire_at_reset_chooses_the_energy_mode_in_which_a_pin_has_the_timestamps(
    measured_board: tuple[ServedBoard, Pulses],
) -> None:
    board, pulses = measured_board
    greeting = board.rest().decode("ascii")
    assert greeting == "m-timestamp-mode-energy\r\nm-init-done\r\nm-ready\r\n"
    assert pulses.is_open_drain()
    assert len(pulses.take()) == 1
    assert _say(board, "timestamp") == []
    assert len(pulses.take()) == 1
    _load(board, INPUT)
    assert pulses.take() == []
    once, (begun, ended) = _say(board, "infer 1 0"), pulses.take()
    many, (begun_many, ended_many) = _say(board, "infer 1000 2"), pulses.take()
    assert [line for line in many if "results" not in line] == [
        "m-warmup-start-2",
        "m-warmup-done",
        "m-infer-start-1000",
        "m-infer-done",
    ]
    assert _results(once) == _results(many)
    assert ended_many[0] - begun_many[0] > 100 * (ended[0] - begun[0])
    for down, up in (begun, ended, begun_many, ended_many):
        assert 216 <= up - down < 10 * 216  # 1 us is asked for
