"""The inference server on the virtual board's second port."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.messages import INPUT, answers_of, corpus, framed
from fuzz.mutation import mutated
from mcumatrix.client import Board, ClientError, messages, virtual_board
from mcumatrix.client.description import Description
from mcumatrix.client.errors import Problem
from mcumatrix.client.messages import Refusal, Times
from support.compiling import run
from support.firmware_images import NUCLEO, Build
from support.inference_server import ServedBoard, ServedNucleo, build_image

BENCH = "CMD=3 nonce=00000007 warmup=1 repeat=2"
IN_ORDER = bytes([0, *INPUT[1:]])
"""An input whose first byte asks the fake runtime for nothing special."""


@pytest.fixture(scope="module")
def image(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_image(build, tmp_path_factory.mktemp("served"))


@pytest.fixture
def served(image: Path) -> Iterator[ServedBoard]:
    board = ServedBoard(image)
    yield board
    assert board.board.fault is None
    board.close()


def of_2020(buffer: bytes) -> "Table":
    """The root table of an answer in the protocol of 2020."""
    return Table(buffer, int.from_bytes(buffer[:4], "little"))


class Table:
    """A table of FlatBuffers by the numbers of its fields: written here, as a client of 2020 has it."""

    def __init__(self, buffer: bytes, position: int) -> None:
        self._table = flatbuffers.table.Table(bytearray(buffer), position)

    def scalar(self, field: int, flags: type) -> float:
        at = self._table.Offset(4 + 2 * field)
        return self._table.Get(flags, at + self._table.Pos) if at else 0

    def table(self, field: int) -> "Table":
        at = self._table.Offset(4 + 2 * field)
        return Table(bytes(self._table.Bytes), self._table.Indirect(at + self._table.Pos))

    def floats(self, field: int) -> list[float]:
        at = self._table.Offset(4 + 2 * field)
        return list(self._table.GetVectorAsNumpy(flatbuffers.number_types.Float32Flags, at))


TYPES = flatbuffers.number_types


def times(said: str) -> list[str]:
    return re.findall(r"@time \d+ repeat=\d layer=\d cycles=\d+", said)


def written(served: ServedBoard, data: bytes) -> None:
    for offset in range(0, len(data), 60):
        assert served.ask(messages.write(offset, data[offset : offset + 60])) is None


def test_it_says_who_it_is_and_what_its_model_takes(served: ServedBoard) -> None:
    found = served.ask(messages.describe())
    assert isinstance(found, Description)
    assert (found.build_id, found.board, found.runtime) == ("0123456789abcdef", "stm32f746g_disco", "fake")
    assert (found.kernels, found.model, found.clock_hz) == ("reference", "fake-int8", 216_000_000)
    [tensor] = found.inputs
    assert (tensor.shape, tensor.dtype, tensor.scale, tensor.zero_point) == (
        (1, 10, 10, 1),
        np.int8,
        0.25,
        -3,
    )
    assert [output.shape for output in found.outputs] == [(1, 4)]
    assert served.ask(messages.list_layers(0)) == ("RESHAPE", "SOFTMAX")
    assert served.ask(messages.list_layers(2)) == ()


def test_an_inference_gives_what_the_benchmark_gives_for_the_same_input(served: ServedBoard) -> None:
    written(served, IN_ORDER)
    found = served.ask(messages.infer(zlib.crc32(IN_ORDER)))
    assert isinstance(found, Times)
    output = served.ask(messages.read(0))
    assert zlib.crc32(output) == found.output_crc32
    assert len(found.layers) == 2
    assert sum(found.layers) <= found.cycles
    for offset in range(0, 100, 50):
        part = IN_ORDER[offset : offset + 50].hex()
        served.console(f"CMD=4 nonce=00000001 offset={offset} payload={part}")
    said = served.console("CMD=8 nonce=00000002")
    assert f"output_crc32={found.output_crc32:08x}" in said
    assert output.hex() in said


def test_the_protocol_of_2020_has_its_answers(served: ServedBoard) -> None:
    stats, digit = corpus()[-2:]
    said = of_2020(served.say(stats))
    assert said.scalar(0, TYPES.Int8Flags) == 0
    assert said.table(1).scalar(0, TYPES.Uint8Flags) == 100
    assert said.table(1).scalar(1, TYPES.Uint32Flags) == 216_000_000
    assert said.table(1).scalar(2, TYPES.Int8Flags) == 0
    said = of_2020(served.say(digit))
    assert said.scalar(0, TYPES.Int8Flags) == 2
    assert said.table(3).scalar(2, TYPES.Float32Flags) > 0
    # As the benchmark answers the same numbers: each is 0.01 from the next, and a step of the input is 0.25.
    steps = bytes(int(np.rint(value / 100 / 0.25)) - 3 & 0xFF for value in INPUT)
    written(served, steps)
    found = served.ask(messages.infer(zlib.crc32(steps)))
    output = np.frombuffer(served.ask(messages.read(0)), np.int8)
    assert isinstance(found, Times)
    assert said.table(3).floats(0) == list((output.astype(np.float32) + 128) * np.float32(0.5))


def test_the_notebook_of_2020_reads_an_answer_of_ten_numbers_whole(served: ServedBoard) -> None:
    # It reads 92 bytes: four numbers fewer leave 24 bytes fewer.
    assert len(served.say(corpus()[-1])) + 6 * 4 <= 92


@pytest.mark.parametrize(
    ("request_", "problem", "sentence"),
    [
        (
            messages.write(90, bytes(11)),
            Problem.OUT_OF_RANGE,
            "11 bytes at offset 90 do not lie within the input of 100 bytes",
        ),
        (
            messages.write(50, b"a"),
            Problem.NO_INPUT,
            "the benchmark has used the model since the input was begun; write it again from offset 0",
        ),
        (messages.infer(0), Problem.NO_INPUT, "the model has not the input that this is for; write it again"),
        (
            messages.read(0),
            Problem.NO_OUTPUT,
            "there is no output of this client any more; run the inference again",
        ),
        (messages.list_layers(3), Problem.OUT_OF_RANGE, "the model has not so many layers"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    served: ServedBoard, request_: messages.Request, problem: Problem, sentence: str
) -> None:
    assert served.ask(request_) == Refusal(problem, sentence)


def test_a_message_that_is_none_is_refused_or_gets_no_answer_and_the_next_one_is_answered(
    served: ServedBoard,
) -> None:
    hello = messages.describe().message(5)
    damaged = "bytes of the request were lost or changed on the way; send it again"
    for message, answer in (
        (hello[:-1] + bytes([hello[-1] ^ 1]), Refusal(Problem.DAMAGED, damaged)),
        (hello[:20], Refusal(Problem.DAMAGED, damaged)),
        (
            framed(hello[:4] + b"\xf0\xff\xff\x7f" + hello[8:]),
            Refusal(Problem.MALFORMED, "these bytes are whole, and are not a request"),
        ),
        (
            b"\xff\xff\xff\x7f" + hello[4:] + bytes(30),
            Refusal(Problem.TOO_LONG, "a request may have 4096 bytes; this one is longer and was skipped"),
        ),
    ):
        assert answers_of(served.say(message)) == [(0, answer)]
        assert isinstance(served.ask(messages.describe()), Description)
    for message in (b"x", bytes(50), hello[4:]):
        assert served.say(message) == b""
        assert isinstance(served.ask(messages.describe()), Description)


@pytest.fixture(scope="module")
def fuzzed(image: Path) -> Iterator[ServedBoard]:
    board = ServedBoard(image)
    yield board
    board.close()


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=mutated(corpus(), text=False))
def test_whatever_comes_the_next_request_is_answered(fuzzed: ServedBoard, data: bytes) -> None:
    """`python -m fuzz inference_server_board` is the real thing.

    The fake runtime does odd things where the first byte of an input asks for them: long messages, those with
    digits of 2020, are cut, and no inference has a right checksum.
    """
    for message in (data[:150], framed(data[:150])):
        fuzzed.say(message)
        assert isinstance(fuzzed.ask(messages.describe()), Description)
    assert fuzzed.board.fault is None


def test_the_benchmark_and_a_client_do_not_take_each_others_input(served: ServedBoard) -> None:
    served.console(BENCH)
    written(served, IN_ORDER)
    served.console(BENCH)
    answer = served.ask(messages.infer(zlib.crc32(IN_ORDER)))
    assert isinstance(answer, Refusal)
    assert answer.problem is Problem.NO_INPUT
    written(served, IN_ORDER)
    assert isinstance(served.ask(messages.infer(zlib.crc32(IN_ORDER))), Times)
    served.console(BENCH)
    answer = served.ask(messages.read(0))
    assert isinstance(answer, Refusal)
    assert answer.problem is Problem.NO_OUTPUT


def test_what_comes_over_the_console_while_a_client_is_served_is_not_lost(served: ServedBoard) -> None:
    served.send(messages.describe().message(5))
    line = served.board.line(served.SECOND_PORT)
    while line.has_input:
        served.board.run(max_cycles=20_000)
    # The board begins to answer, some 500 bytes long; a whole command comes meanwhile.
    served.board.line().write(b"CMD=6 nonce=0000000a\r")
    said = b""
    while b"@end" not in said:
        served.board.run_until_it_waits(timeout_seconds=60)
        said += served.board.line().read()
    assert b"ERROR" not in said
    assert b"ok=1" in said
    assert len(answers_of(served.rest())) == 1


def test_an_image_with_it_has_all_else_where_an_image_without_it_has_it(build: Build, image: Path) -> None:
    def symbols(elf: Path) -> dict[str, str]:
        lines = run("arm-none-eabi-nm", elf).splitlines()
        return {line.split()[2]: line.split()[0] for line in lines if line.split()[1] != "A"}

    without, with_it = symbols(build.elf), symbols(image)
    moved = {name for name, address in without.items() if with_it[name] != address}
    # They are the server's own now.
    assert moved == {"UART7_handler", "USART6_handler"}


def test_it_answers_on_a_board_of_another_family(nucleo: Build, tmp_path: Path) -> None:
    elf = build_image(nucleo, tmp_path / "served", NUCLEO)
    served = ServedNucleo(elf)
    found = served.ask(messages.describe())
    assert isinstance(found, Description)
    assert (found.board, found.clock_hz) == ("nucleo_l4r5zi", 120_000_000)
    written(served, IN_ORDER)
    inferred = served.ask(messages.infer(zlib.crc32(IN_ORDER)))
    assert isinstance(inferred, Times)
    assert zlib.crc32(served.ask(messages.read(0))) == inferred.output_crc32
    served.board.close()
    assert served.board.findings == ()
    # What it adds lies behind all else.
    lines = run("arm-none-eabi-nm", elf).splitlines()
    with_it = {line.split()[2]: int(line.split()[0], 16) for line in lines}
    lines = run("arm-none-eabi-nm", nucleo.elf).splitlines()
    without = {line.split()[2]: int(line.split()[0], 16) for line in lines if line.split()[1] != "A"}
    moved = {name for name, address in without.items() if with_it[name] != address}
    assert moved == {"USART3_handler", "LPUART1_handler", "heap_start"}
    # The heap is behind its variables, of which the inbox is the largest.
    assert with_it["bss_end"] <= with_it["inbox"] < with_it["heap_start"]


def test_with_a_silent_second_port_the_benchmark_executes_the_same_instructions(
    build: Build, served: ServedBoard
) -> None:
    plain = ServedBoard(build.elf)
    expected = times(plain.console(BENCH))
    plain.close()
    assert len(expected) == 4
    assert times(served.console(BENCH)) == expected
    for message in corpus():
        served.say(message)
    assert times(served.console(BENCH)) == expected


def test_a_script_gets_arrays_and_times_from_a_virtual_board(image: Path) -> None:
    with virtual_board(image) as port, Board(port) as board:
        found = board.infer(np.frombuffer(IN_ORDER, np.int8))
        assert board.description.model == "fake-int8"
        again = board.infer(np.frombuffer(IN_ORDER, np.int8))
    assert found.outputs[0].dtype == np.int8
    assert found.outputs[0].shape == (1, 4)
    assert np.array_equal(found.outputs[0], again.outputs[0])
    assert [layer.operator for layer in found.layers] == ["RESHAPE", "SOFTMAX"]
    assert 0 < sum(layer.cycles for layer in found.layers) <= found.cycles
    assert found.milliseconds == found.cycles / 216_000


def test_what_a_virtual_board_cannot_have_is_named(tmp_path: Path, image: Path) -> None:
    for keywords, sentence in (
        (
            {"image": tmp_path / "none.elf"},
            f"There is no image {tmp_path}/none.elf.\n"
            "  mcumatrix leaves it in build/images/<variant>/output/image.elf.",
        ),
        (
            {"image": image, "port": "UART9"},
            "The virtual board has no port UART9.\n  It has: UART7, USART1, USART6.",
        ),
    ):
        with pytest.raises(ClientError) as error, virtual_board(**keywords):
            pass
        assert str(error.value) == sentence
