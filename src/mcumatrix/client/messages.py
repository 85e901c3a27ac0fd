"""Requests and answers as bytes; see firmware/application/inference-server/schema.

A message is a size-prefixed buffer of FlatBuffers, and behind it the CRC-32 of all its bytes.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers

from mcumatrix.client.description import DTYPES, Description, Tensor
from mcumatrix.client.errors import DamagedAnswerError, Problem, RefusedError
from mcumatrix.client.generated import inference_request_generated as request
from mcumatrix.client.generated import inference_response_generated as response

PROTOCOL_VERSION = 1

PREFIX_BYTES = CRC_BYTES = 4
LONGEST_ANSWER_BYTES = 4096
"""Of the size, the buffer and the CRC together."""
MOST_LAYERS = 65_536
"""More than any model for a microcontroller has: a number beyond it is none that a board of ours says."""

_IDENTIFIER = b"MMXQ"
_AGAIN = "Check the cable, and that nothing else has the port open; then ask again."
_ANOTHER_VERSION = "Client and firmware are of different versions; build the image again."


@dataclass(frozen=True, slots=True)
class Times:
    """Of an inference, in cycles of the core's clock; `layers` is empty where there are too many."""

    output_crc32: int
    cycles: int
    layers: tuple[int, ...]


class Request:
    """What a board is asked for, but for the nonce; `name` is for people."""

    def __init__(self, name: str, kind: int, make: Callable[[flatbuffers.Builder], int]) -> None:
        self.name = name
        self._kind = kind
        self._make = make

    def message(self, nonce: int) -> bytes:
        """The bytes to be sent; `nonce` is a number of 32 bits that comes back with the answer."""
        builder = flatbuffers.Builder(256)
        body = self._make(builder)
        request.RequestStart(builder)
        request.RequestAddNonce(builder, nonce)
        request.RequestAddBodyType(builder, self._kind)
        request.RequestAddBody(builder, body)
        builder.FinishSizePrefixed(request.RequestEnd(builder), _IDENTIFIER)
        return with_crc(bytes(builder.Output()))


def with_crc(buffer: bytes) -> bytes:
    """A message of a size-prefixed buffer."""
    return buffer + struct.pack("<I", zlib.crc32(buffer))


def describe() -> Request:
    """Who the board is."""

    def make(builder: flatbuffers.Builder) -> int:
        request.DescribeStart(builder)
        return int(request.DescribeEnd(builder))

    return Request("a description", request.RequestBody.Describe, make)


def write(offset: int, data: bytes) -> Request:
    """Bytes of the input; offset 0 begins a new one."""

    def make(builder: flatbuffers.Builder) -> int:
        vector = builder.CreateByteVector(data)
        request.WriteStart(builder)
        request.WriteAddOffset(builder, offset)
        request.WriteAddData(builder, vector)
        return int(request.WriteEnd(builder))

    return Request("an input", request.RequestBody.Write, make)


def infer(input_crc32: int) -> Request:
    """An inference on the input that was written."""

    def make(builder: flatbuffers.Builder) -> int:
        request.InferStart(builder)
        request.InferAddInputCrc32(builder, input_crc32)
        return int(request.InferEnd(builder))

    return Request("an inference", request.RequestBody.Infer, make)


def read(offset: int) -> Request:
    """Bytes of the outputs from an offset on."""

    def make(builder: flatbuffers.Builder) -> int:
        request.ReadStart(builder)
        request.ReadAddOffset(builder, offset)
        return int(request.ReadEnd(builder))

    return Request("an output", request.RequestBody.Read, make)


def list_layers(first: int) -> Request:
    """The operators of layers from a number on."""

    def make(builder: flatbuffers.Builder) -> int:
        request.ListLayersStart(builder)
        request.ListLayersAddFirst(builder, first)
        return int(request.ListLayersEnd(builder))

    return Request("the layers", request.RequestBody.ListLayers, make)


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a board does not do what it was asked for, and why."""

    problem: Problem
    sentence: str


Answer = Refusal | Description | Times | bytes | tuple[str, ...] | None
"""What a board has answered: None that an input was written, bytes of outputs, operators of layers."""


def size_of(prefix: bytes) -> int:
    """How many bytes of a message come behind its first four. Raises DamagedAnswerError."""
    size_bytes: int = struct.unpack("<I", prefix)[0] + CRC_BYTES
    if size_bytes > LONGEST_ANSWER_BYTES - PREFIX_BYTES:
        raise DamagedAnswerError("What came is not the beginning of an answer.", hint=_AGAIN)
    return size_bytes


def answer_of(message: bytes) -> tuple[int, Answer]:
    """The nonce of an answer, and what it says; a refusal has nonce 0 where the request could not be read.

    Raises:
        DamagedAnswerError: the bytes are not those of an answer.
    """
    buffer, crc = message[:-CRC_BYTES], message[-CRC_BYTES:]
    if struct.pack("<I", zlib.crc32(buffer)) != crc:
        raise DamagedAnswerError("Bytes of the answer were lost or changed on the way.", hint=_AGAIN)
    try:
        # The library does not verify what it reads: with a good CRC it is what the board has built.
        root = response.Response.GetRootAs(buffer, PREFIX_BYTES)
        return root.Nonce(), _body(root)
    except (struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedAnswerError(
            f"The answer is whole and cannot be read: {error}.",
            hint=_ANOTHER_VERSION,
        ) from error


def _body(root: Any) -> Answer:
    kinds: dict[int, tuple[Any, Callable[[Any], Answer]]] = {
        response.ResponseBody.Description: (response.Description, _description),
        response.ResponseBody.Written: (response.Written, lambda _body: None),
        response.ResponseBody.Inferred: (response.Inferred, _times),
        response.ResponseBody.Output: (response.Output, _output),
        response.ResponseBody.Layers: (response.Layers, _layers),
        response.ResponseBody.Error: (response.Error, _error),
    }
    table, read_table = kinds[root.BodyType()]
    body = table()
    body.Init(root.Body().Bytes, root.Body().Pos)
    return read_table(body)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace")


def _tensors(count: int, tensor_at: Callable[[int], Any]) -> tuple[Tensor, ...]:
    return tuple(_tensor(tensor_at(index)) for index in range(count))


def _tensor(table: Any) -> Tensor:
    import numpy as np

    shape = tuple(int(table.Shape(axis)) for axis in range(table.ShapeLength()))
    dtype = np.dtype(DTYPES[table.Type()])
    tensor = Tensor(shape, dtype, table.Scale(), table.ZeroPoint())
    if min(shape, default=0) < 0 or tensor.size_bytes != table.SizeBytes():
        raise ValueError(f"a tensor of {table.SizeBytes()} bytes has the shape {shape}")
    return tensor


def _description(table: Any) -> Description:
    """Raises ValueError for what no board is: others count on it."""
    if not table.ClockHz():
        raise ValueError("a clock of 0 Hz")
    if not table.ChunkBytes():
        raise ValueError("chunks of 0 bytes")
    if table.Layers() > MOST_LAYERS:
        raise ValueError(f"{table.Layers()} layers")
    return Description(
        protocol=table.Protocol(),
        build_id=_text(table.BuildId()),
        board=_text(table.Board()),
        runtime=_text(table.Runtime()),
        kernels=_text(table.Kernels()),
        model=_text(table.Model()),
        clock_hz=table.ClockHz(),
        chunk_bytes=table.ChunkBytes(),
        inputs=_tensors(table.InputsLength(), table.Inputs),
        outputs=_tensors(table.OutputsLength(), table.Outputs),
        layers=("",) * table.Layers(),
    )


def _times(table: Any) -> Times:
    layers: Sequence[int] = [int(table.LayerCycles(index)) for index in range(table.LayerCyclesLength())]
    return Times(table.OutputCrc32(), table.Cycles(), tuple(layers))


def _output(table: Any) -> bytes:
    return bytes(table.DataAsNumpy()) if table.DataLength() else b""


def _layers(table: Any) -> tuple[str, ...]:
    return tuple(_text(table.Operators(index)) for index in range(table.OperatorsLength()))


_HINTS = {
    Problem.DAMAGED: _AGAIN,
    Problem.MODEL: "The benchmark on the board's other port says more: send it CMD=2.",
    Problem.NO_INPUT: "Ask again while no benchmark runs.",
    Problem.NO_OUTPUT: "Ask again while no benchmark runs.",
}


def _error(table: Any) -> Answer:
    number = table.Problem()
    problem = Problem(number) if number in set(Problem) else Problem.UNKNOWN
    return Refusal(problem, _text(table.Sentence()))


def refused(refusal: Refusal) -> RefusedError:
    """The error for what a board has refused."""
    return RefusedError(
        f"The board refuses: {refusal.sentence}.",
        problem=refusal.problem,
        hint=_HINTS.get(refusal.problem, _ANOTHER_VERSION),
    )
