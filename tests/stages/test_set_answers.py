"""Answers to a labelled set, as they stand in a log."""

import time
import zlib

from mcumatrix import wire
from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Output
from mcumatrix.stages.set_answers import answers_in


def test_an_answer_of_many_lines_takes_no_longer_than_as_many_lines() -> None:
    """Lines may be as short as a board likes."""
    count = 30_000
    lines = [wire.DataLine(offset, bytes([offset % 128])) for offset in range(count)]
    data = b"".join(line.payload for line in lines)
    answer = wire.Exchange(wire.Infer.number, 7, (wire.Inferred(1, zlib.crc32(data)), *lines), (), True)
    output = Output(TensorType.INT8, (1, count), (0.0,) * count, ())
    began_at = time.monotonic()
    (found,) = answers_in([answer], output)
    # Where each line had all before it added up, it took half a minute.
    assert time.monotonic() - began_at < 5
    assert found.values == tuple(map(float, data))
