"""What a client does with a line that loses, changes and delays what comes over it."""

import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import flatbuffers
import numpy as np
import pytest

from mcumatrix.client import (
    Board,
    DamagedAnswerError,
    NoAnswerError,
    Problem,
    RefusedError,
    UnfitInputError,
    messages,
)
from mcumatrix.client import board as board_module
from mcumatrix.client.generated import inference_request_generated as request
from mcumatrix.client.generated import inference_response_generated as response

PORT = "/dev/ttyTEST"


def answer(nonce: int, kind: int, make: Callable[[flatbuffers.Builder], int]) -> bytes:
    """An answer as a board makes it."""
    builder = flatbuffers.Builder(256)
    body = make(builder)
    response.ResponseStart(builder)
    response.ResponseAddNonce(builder, nonce)
    response.ResponseAddBodyType(builder, kind)
    response.ResponseAddBody(builder, body)
    builder.FinishSizePrefixed(response.ResponseEnd(builder), b"MMXR")
    return messages.with_crc(bytes(builder.Output()))


@dataclass
class Said:
    """What the board says of itself, where a test changes it."""

    protocol: int = 1
    clock_hz: int = 1000
    chunk_bytes: int = 2
    layers: int = 2
    shape: tuple[int, ...] = (1, 3)


def description(builder: flatbuffers.Builder, said: Said) -> int:
    texts = [builder.CreateString(text) for text in ("b1", "board", "builtin", "simd", "m")]
    shape = builder.CreateNumpyVector(np.array(said.shape, np.int32))
    tensors = []
    for _ in range(2):
        response.TensorStart(builder)
        response.TensorAddType(builder, 9)
        response.TensorAddShape(builder, shape)
        response.TensorAddScale(builder, 0.5)
        response.TensorAddSizeBytes(builder, 3)
        tensors.append(response.TensorEnd(builder))
    vectors = []
    for tensor in tensors:
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(tensor)
        vectors.append(builder.EndVector())
    response.DescriptionStart(builder)
    response.DescriptionAddProtocol(builder, said.protocol)
    adds = ("BuildId", "Board", "Runtime", "Kernels", "Model")
    for name, text in zip(adds, texts, strict=True):
        getattr(response, f"DescriptionAdd{name}")(builder, text)
    response.DescriptionAddClockHz(builder, said.clock_hz)
    response.DescriptionAddChunkBytes(builder, said.chunk_bytes)
    response.DescriptionAddInputs(builder, vectors[0])
    response.DescriptionAddOutputs(builder, vectors[1])
    response.DescriptionAddLayers(builder, said.layers)
    return response.DescriptionEnd(builder)


def layers(builder: flatbuffers.Builder) -> int:
    name = builder.CreateString("CONV_2D")
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(name)
    vector = builder.EndVector()
    response.LayersStart(builder)
    response.LayersAddOperators(builder, vector)
    return response.LayersEnd(builder)


def error(problem: Problem, sentence: str) -> Callable[[flatbuffers.Builder], int]:
    def make(builder: flatbuffers.Builder) -> int:
        text = builder.CreateString(sentence)
        response.ErrorStart(builder)
        response.ErrorAddProblem(builder, problem)
        response.ErrorAddSentence(builder, text)
        return response.ErrorEnd(builder)

    return make


class Line:
    """A line to a board that adds one to each element; `faults` are done to its next answers."""

    def __init__(self) -> None:
        self.faults: deque[Callable[[bytes], bytes] | None] = deque()
        self.refusals: deque[tuple[Problem, str]] = deque()
        self.said = Said()
        self.babbles = False
        self.asked: list[int] = []
        self._input = b""
        self._waiting = b""

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *exception: object) -> None:
        self.asked.append(-1)

    def read_up_to(self, size_bytes: int, timeout_s: float) -> bytes:
        if self.babbles:
            return b"A line of a log.\r\n"[:size_bytes]
        data, self._waiting = self._waiting[:size_bytes], self._waiting[size_bytes:]
        return data

    def write(self, data: bytes) -> None:
        assert zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")
        root = request.Request.GetRootAs(data, 4)
        kind = root.BodyType()
        self.asked.append(kind)
        said = self._said(root, kind)
        fault = self.faults.popleft() if self.faults else None
        self._waiting += fault(said) if fault else said

    def _said(self, root: request.Request, kind: int) -> bytes:
        nonce = root.Nonce()
        bodies = response.ResponseBody
        if self.refusals and kind == request.RequestBody.Infer:
            return answer(nonce, bodies.Error, error(*self.refusals.popleft()))
        if kind == request.RequestBody.Describe:
            return answer(nonce, bodies.Description, lambda builder: description(builder, self.said))
        if kind == request.RequestBody.ListLayers:
            return answer(nonce, bodies.Layers, layers)
        if kind == request.RequestBody.Write:
            body = request.Write()
            body.Init(root.Body().Bytes, root.Body().Pos)
            self._input = self._input[: body.Offset()] + bytes(body.DataAsNumpy())
            return answer(nonce, bodies.Written, self._written)
        if kind == request.RequestBody.Infer:
            return answer(nonce, bodies.Inferred, self._inferred)
        return answer(nonce, bodies.Output, self._output)

    @staticmethod
    def _written(builder: flatbuffers.Builder) -> int:
        response.WrittenStart(builder)
        return response.WrittenEnd(builder)

    def _result(self) -> bytes:
        return bytes(byte + 1 & 0xFF for byte in self._input)

    def _inferred(self, builder: flatbuffers.Builder) -> int:
        vector = builder.CreateNumpyVector(np.array([5, 6], np.uint64))
        response.InferredStart(builder)
        response.InferredAddOutputCrc32(builder, zlib.crc32(self._result()))
        response.InferredAddCycles(builder, 12)
        response.InferredAddLayerCycles(builder, vector)
        return response.InferredEnd(builder)

    def _output(self, builder: flatbuffers.Builder) -> int:
        vector = builder.CreateByteVector(self._result())
        response.OutputStart(builder)
        response.OutputAddData(builder, vector)
        return response.OutputEnd(builder)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()
    monkeypatch.setattr(board_module, "SerialPort", lambda *_asked: made)
    return made


def lost(_: bytes) -> bytes:
    return b""


def cut(said: bytes) -> bytes:
    return said[:-3]


def changed(said: bytes) -> bytes:
    return said[:20] + bytes([said[20] ^ 4]) + said[21:]


def foreign(said: bytes) -> bytes:
    return answer(99, response.ResponseBody.Written, Line._written) + said


def noise(_: bytes) -> bytes:
    return b"Program started @ 216000000...\r\n"


def test_an_answer_has_arrays_and_times(line: Line) -> None:
    with Board(PORT) as board:
        found = board.infer(np.array([1, 2, 3], np.int8))
        assert board.description.layers == ("CONV_2D", "CONV_2D")
    assert found.outputs[0].tolist() == [[2, 3, 4]]
    assert found.output.tolist() == [[1.0, 1.5, 2.0]]
    assert (found.cycles, found.milliseconds) == (12, 12.0)
    assert [(layer.operator, layer.cycles) for layer in found.layers] == [("CONV_2D", 5), ("CONV_2D", 6)]
    # Two chunks of the input; in the end the port is given back.
    assert line.asked[-5:] == [2, 2, 3, 4, -1]


@pytest.mark.parametrize("fault", [lost, cut, changed, foreign, noise], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("place", range(7))
def test_one_fault_anywhere_changes_no_result(
    line: Line, place: int, fault: Callable[[bytes], bytes]
) -> None:
    line.faults.extend([*([None] * place), fault])
    with Board(PORT) as board:
        assert board.infer(np.array([7, 8, 9], np.int8)).outputs[0].tolist() == [[8, 9, 10]]


def test_a_board_that_says_nothing_is_named_with_what_it_was_asked_for(line: Line) -> None:
    line.faults.extend([lost] * 3)
    with pytest.raises(NoAnswerError) as error:
        Board(PORT)
    assert str(error.value) == (
        f"{PORT} does not answer when it is asked for a description.\n"
        "  Check the cable, and that the image was built with `applications: [bench, inference-server]`: it "
        "answers on the board's second port."
    )
    assert line.asked == [1, 1, 1, -1]


def test_somebody_else_at_the_port_is_told_from_a_board(line: Line) -> None:
    line.faults.extend([noise] * 3)
    with pytest.raises(DamagedAnswerError) as error:
        Board(PORT)
    assert str(error.value) == (
        "What came is not the beginning of an answer.\n"
        "  Check the cable, and that nothing else has the port open; then ask again."
    )


def test_another_version_of_the_protocol_is_named(line: Line) -> None:
    line.said.protocol = 2
    with pytest.raises(DamagedAnswerError) as error:
        Board(PORT)
    assert str(error.value) == (
        "The firmware has version 2 of the protocol, and this is 1.\n"
        "  Build the image again with this mcumatrix, or install that of the image."
    )


def test_an_inference_that_a_benchmark_has_disturbed_is_asked_for_again(line: Line) -> None:
    with Board(PORT) as board:
        line.refusals.extend([(Problem.NO_INPUT, "it is gone")] * 2)
        assert board.infer(np.array([0, 0, 0], np.int8)).outputs[0].tolist() == [[1, 1, 1]]
        line.refusals.extend([(Problem.NO_INPUT, "it is gone")] * 3)
        with pytest.raises(RefusedError) as error:
            board.infer(np.array([0, 0, 0], np.int8))
    assert str(error.value) == "The board refuses: it is gone.\n  Ask again while no benchmark runs."
    assert error.value.problem is Problem.NO_INPUT


def test_what_a_board_refuses_for_good_is_not_asked_again(line: Line) -> None:
    with Board(PORT) as board:
        line.refusals.append((Problem.MODEL, "the runtime failed: no room"))
        with pytest.raises(RefusedError) as error:
            board.infer(np.array([0, 0, 0], np.int8))
    assert str(error.value) == (
        "The board refuses: the runtime failed: no room.\n"
        "  The benchmark on the board's other port says more: send it CMD=2."
    )


def test_as_many_arrays_as_the_model_has_inputs_are_wanted(line: Line) -> None:
    with Board(PORT) as board, pytest.raises(UnfitInputError) as error:
        board.infer(np.zeros(3), np.zeros(3))
    assert str(error.value) == (
        "m has 1 inputs, and 2 were given.\n  Give an array for each of them, in their order."
    )


def test_a_request_that_arrives_damaged_is_sent_again(line: Line) -> None:
    with Board(PORT) as board:
        line.refusals.append((Problem.DAMAGED, "bytes of the request were lost"))
        assert board.infer(np.array([1, 2, 3], np.int8)).outputs[0].tolist() == [[2, 3, 4]]
        line.refusals.extend([(Problem.DAMAGED, "bytes of the request were lost")] * 3)
        with pytest.raises(RefusedError) as error:
            board.infer(np.array([1, 2, 3], np.int8))
    assert str(error.value) == (
        "The board refuses: bytes of the request were lost.\n"
        "  Check the cable, and that nothing else has the port open; then ask again."
    )


def test_a_port_at_which_somebody_never_stops_talking_is_told_from_a_board(line: Line) -> None:
    line.babbles = True
    with pytest.raises(DamagedAnswerError) as error:
        Board(PORT, timeout_s=0.05)
    assert str(error.value) == (
        f"{PORT} does not stop sending, and nothing was asked.\n"
        "  It is not the board's second port: that says nothing until it is asked."
    )


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"clock_hz": 0}, "a clock of 0 Hz"),
        ({"chunk_bytes": 0}, "chunks of 0 bytes"),
        ({"layers": 2**32 - 1}, "4294967295 layers"),
        ({"shape": (-1, -3)}, "a tensor of 3 bytes has the shape (-1, -3)"),
    ],
    ids=str,
)
def test_a_board_that_says_of_itself_what_cannot_be_is_refused(
    line: Line, changed: dict[str, object], wrong: str
) -> None:
    line.said = Said(**changed)
    with pytest.raises(DamagedAnswerError) as error:
        Board(PORT)
    assert str(error.value) == (
        f"The answer is whole and cannot be read: {wrong}.\n"
        "  Client and firmware are of different versions; build the image again."
    )


def test_more_layers_named_than_there_are_is_refused(line: Line) -> None:
    line.said = Said(layers=1)
    with Board(PORT) as board:
        assert board.description.layers == ("CONV_2D",)
        with pytest.raises(DamagedAnswerError):
            board.infer(np.zeros(3, np.int8))


def test_lists_of_unequal_lengths_are_no_input(line: Line) -> None:
    with Board(PORT) as board, pytest.raises(UnfitInputError) as error:
        board.infer([[1, 2], [3]])
    assert str(error.value) == (
        "The array is none: its rows are not equally long.\n  Give one of 3 elements (1x3)."
    )
