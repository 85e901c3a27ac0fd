"""Good messages for an inference server, and what is made of changed ones."""

import struct
from collections.abc import Sequence
from functools import cache

import flatbuffers
import numpy as np

from mcumatrix.client import messages

INPUT = bytes(range(100))
"""For a first input tensor of 100 bytes, as both fake runtimes have it."""

NONCE = 0x5EED5EED


def _of_2020(command: int, digit: Sequence[float] | None) -> bytes:
    """A message of schema/mnist_prot.fbs."""
    builder = flatbuffers.Builder(256)
    inner = None
    if digit is not None:
        vector = builder.CreateNumpyVector(np.asarray(digit, np.float32))
        builder.StartObject(1)
        builder.PrependUOffsetTRelativeSlot(0, vector, 0)
        inner = builder.EndObject()
    builder.StartObject(4)
    builder.PrependInt8Slot(0, command, 0)
    if inner is not None:
        builder.PrependUOffsetTRelativeSlot(2, inner, 0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


@cache
def corpus() -> tuple[bytes, ...]:
    """Each request of the protocols that have answers in FlatBuffers."""
    requests = (
        messages.describe(),
        messages.write(0, INPUT),
        messages.write(40, INPUT[:10]),
        messages.infer(0),
        messages.read(0),
        messages.list_layers(0),
    )
    ours = [request.message(NONCE) for request in requests]
    return (*ours, _of_2020(0, None), _of_2020(1, [value / 100 for value in INPUT]))


COMMANDS = tuple(
    f"{command}%".encode()
    for command in (
        *("name", "profile", "help", "timestamp", "db load 100", f"db {INPUT.hex()}", "infer 3 1", "results"),
        *("db load 400", "db 0", "infer 0", "db load 99999999999"),
    )
)
"""What a runner of MLPerf Tiny says."""


def framed(data: bytes) -> bytes:
    """The same with the size and the CRC that a whole message has: what is wrong lies deeper."""
    if len(data) < messages.PREFIX_BYTES + messages.CRC_BYTES:
        return data
    body = data[messages.PREFIX_BYTES : -messages.CRC_BYTES]
    return messages.with_crc(struct.pack("<I", len(body)) + body)


def answers_of(said: bytes) -> list[tuple[int, messages.Answer]]:
    """All answers in what a server has said. Raises DamagedAnswerError where it is anything else."""
    found = []
    while said:
        end = messages.PREFIX_BYTES + messages.size_of(said[: messages.PREFIX_BYTES])
        found.append(messages.answer_of(said[:end]))
        said = said[end:]
    return found
