"""A board is asked a labelled set over a real pseudo-terminal, by a firmware that is a script."""

import os
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from mcumatrix import wire
from mcumatrix.adapters.consoles.serial_port import SerialPort
from mcumatrix.errors import ConsoleTimeoutError, FirmwareError, McuMatrixError, ParseError
from mcumatrix.model.catalogue import Timeouts
from mcumatrix.model.labelled import LabelledSet
from mcumatrix.model.record import SetAnswers
from mcumatrix.stages.run import Ran, ToRun, run_image
from stages.test_run import Flasher, ScriptedBoard
from support.logs import bench_log, boot_log, exchange
from support.variants import a_variant, an_image

SIZE_BYTES = 200

Answer = Callable[[int, int, bytes], bytes]
"""What the board says to a sample: its number from 0, the nonce, and the input that the board holds."""


def a_set(count: int = 5, expected: Callable[[bytes], bytes] | None = None) -> LabelledSet:
    inputs = tuple(bytes([index]) * 150 + bytes(SIZE_BYTES - 150) for index in range(count))
    answers = [expected(sample) for sample in inputs] if expected else []
    return LabelledSet(
        inputs,
        tuple(index % 2 for index in range(count)),
        tuple(10 * index for index in range(count)),
        10 * count,
        tuple(tuple(map(float, memoryview(one).cast("b"))) for one in answers),
        answers_sha256="a" * 64 if expected else "",
    )


def output_of(sample: bytes) -> bytes:
    """Of two classes the one of the sample's label."""
    return bytes([sample[0] % 2 == 0, sample[0] % 2])


def answer_of(nonce: int, held: bytes, output: bytes, **changes: object) -> bytes:
    said = replace(wire.Inferred(zlib.crc32(held), zlib.crc32(output)), **changes)
    return exchange(wire.Infer.number, nonce, [said, wire.DataLine(0, output)])


def right(_index: int, nonce: int, held: bytes) -> bytes:
    return answer_of(nonce, held, output_of(held))


class AskedBoard(ScriptedBoard):
    """A board that holds an input and answers as a function says."""

    def __init__(self, answer: Answer = right) -> None:
        super().__init__(boot_log(), lambda _: b"")
        self._say = answer
        self.loads = 0

    def _run(self) -> None:
        os.write(self._master, self._first_words)
        held, asked, line = bytearray(b"\xff" * SIZE_BYTES), 0, b""
        while True:
            try:
                came = os.read(self._master, 4096)
            except OSError:  # given back
                return
            *lines, line = (line + came).split(b"\r")
            for one in filter(None, lines):
                words = dict(part.split(b"=") for part in one.split())
                if words[b"CMD"] == b"7":
                    payload = bytes.fromhex(words[b"payload"].decode())
                    held[int(words[b"offset"]) : int(words[b"offset"]) + len(payload)] = payload
                    self.loads += 1
                    continue
                nonce = int(words[b"nonce"], 16)
                said = bench_log(nonce=nonce)
                if words[b"CMD"] == b"8":
                    said = self._say(asked, nonce, bytes(held))
                    asked += 1
                os.write(self._master, said)


def run(board: AskedBoard, labelled: LabelledSet | None = None) -> Ran:
    variant = a_variant()
    variant = replace(variant, board=replace(variant.board, timeouts=Timeouts(measure_s=0.7)))
    what = ToRun(variant, an_image(), labelled=labelled or a_set())
    return run_image(lambda _unit: what, board, Flasher(board), SerialPort)


def test_every_sample_is_asked_and_its_class_is_kept() -> None:
    board = AskedBoard()
    ran = run(board)
    assert ran.error is None
    assert ran.measurement is not None
    answers = b"".join(output_of(sample) for sample in a_set().inputs)
    assert ran.measurement.set_answers == SetAnswers((0, 1, 0, 1, 0), zlib.crc32(answers))
    assert ran.accuracy is not None
    assert (ran.accuracy.correct, ran.accuracy.set_sha256) == (5, a_set().sha256)
    assert ran.log.count(b"@inferred ") == 5


def test_bytes_that_the_board_has_already_are_not_sent_again() -> None:
    board = AskedBoard()
    run(board)
    # Three lines for the first sample; the third of them is the same in all.
    assert board.loads == 3 + 4 * 2


def test_a_board_that_is_wrong_on_three_samples_is_found_with_their_places() -> None:
    """All but these answer like the host, whatever the labels are."""

    def wrong_on_three(index: int, nonce: int, held: bytes) -> bytes:
        output = output_of(held)
        return answer_of(
            nonce, held, output[::-1] if index in (1, 4) else b"\x02\x01" if index == 2 else output
        )

    ran = run(AskedBoard(wrong_on_three), a_set(expected=output_of))
    assert ran.error is None
    assert ran.accuracy is not None
    assert (ran.accuracy.correct, ran.accuracy.host_correct) == (3, 5)
    assert (ran.accuracy.deviating, ran.accuracy.other_class) == ((10, 20, 40), 2)
    assert (ran.accuracy.max_error, ran.accuracy.tolerance) == (1.0, 0.0)


def test_one_wrong_board_is_as_wrong_as_the_host_where_that_is_wrong_too() -> None:
    ran = run(AskedBoard(), replace(a_set(expected=output_of), labels=(1,) * 5))
    assert ran.accuracy is not None
    assert (ran.accuracy.correct, ran.accuracy.host_correct, ran.accuracy.deviating) == (2, 2, ())


def _dies(index: int, nonce: int, held: bytes) -> bytes:
    return right(index, nonce, held) if index < 3 else right(index, nonce, held)[:40]


def _fails(index: int, nonce: int, held: bytes) -> bytes:
    if index < 3:
        return right(index, nonce, held)
    return exchange(wire.Infer.number, nonce, [], ok=False).replace(
        b"@end", b"ERROR: the runtime failed: no memory\r\n@end"
    )


def _faults(index: int, nonce: int, held: bytes) -> bytes:
    return right(index, nonce, held) if index < 3 else b"ERROR: BusFault at 0x08004cae\r\n"


def _of_another_input(index: int, nonce: int, held: bytes) -> bytes:
    return answer_of(nonce, held, output_of(held), **({"input_crc32": 1} if index == 3 else {}))


def _of_another_nonce(index: int, nonce: int, held: bytes) -> bytes:
    return answer_of(nonce + (index == 3), held, output_of(held))


def _of_another_command(index: int, nonce: int, held: bytes) -> bytes:
    return bench_log(nonce=nonce) if index == 3 else right(index, nonce, held)


def _lies(index: int, nonce: int, held: bytes) -> bytes:
    return answer_of(nonce, held, output_of(held), **({"output_crc32": 1} if index == 3 else {}))


def _ragged(index: int, nonce: int, held: bytes) -> bytes:
    output = output_of(held)
    return answer_of(nonce, held, output + b"\0" * (index == 3))


def _in_disorder(index: int, nonce: int, held: bytes) -> bytes:
    output = output_of(held)
    lines = [wire.DataLine(1, output[1:]), wire.DataLine(0, output[:1])]
    said = wire.Inferred(zlib.crc32(held), zlib.crc32(output[::-1]))
    return exchange(wire.Infer.number, nonce, [said, *lines]) if index == 3 else right(index, nonce, held)


def _empty(index: int, nonce: int, held: bytes) -> bytes:
    return exchange(wire.Infer.number, nonce, []) if index == 3 else right(index, nonce, held)


AT = "; that was at sample 4 of 5"


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (_dies, ConsoleTimeoutError, f"the board sent 40 bytes in 0.7 s and not the end of its answer{AT}"),
        (_fails, FirmwareError, f"the firmware says: the runtime failed: no memory{AT}"),
        (_faults, FirmwareError, f"the firmware says: BusFault at 0x08004cae{AT}"),
        (
            _of_another_input,
            ParseError,
            f"the input was changed on its way to the board: its checksum is another one{AT}",
        ),
        (_of_another_nonce, ParseError, f"the board answered something else than it was asked{AT}"),
        (_of_another_command, ParseError, f"the board answered something else than it was asked{AT}"),
        (
            _lies,
            ParseError,
            "the answer to sample 4 contradicts itself: its bytes are not what was computed",
        ),
        (_ragged, ParseError, "the answer to sample 4 has 3 elements; the output has 2"),
        (_in_disorder, ParseError, "the answer to sample 4 contradicts itself: it is not whole"),
        (_empty, ParseError, "the answer to sample 4 contradicts itself: it is not whole"),
    ],
)
def test_a_board_that_does_not_answer_a_sample_as_it_must_has_no_times(
    answer: Answer, kind: type[McuMatrixError], sentence: str
) -> None:
    ran = run(AskedBoard(answer))
    assert ran.error is not None
    assert (type(ran.error), ran.error.message) == (kind, sentence)
    assert ran.measurement is None
    # What it said until then is kept.
    assert ran.log.count(b"@inferred ") >= 3


def test_an_answer_that_is_no_number_has_no_class() -> None:
    from mcumatrix.stages.set_answers import class_of

    assert class_of((0.0, float("nan"), 1.0)) is None
    assert class_of((0.0, float("inf"), 1.0)) == 1
    assert class_of((3.0, 1.0, 3.0)) == 0
