"""Labelled: a board is asked the labelled set of its model.

The samples go over the serial line one after the other, each with a nonce of its own: those count up from a
random one. Each answer says the checksum of what it is to, so that a byte which was changed on its way to the
board is found, and evidence needs the log and the set alone.
"""

import secrets
import zlib
from collections.abc import Iterator

from mcumatrix import wire
from mcumatrix.errors import RUN_AGAIN, FirmwareError, McuMatrixError, ParseError
from mcumatrix.model.labelled import MAX_SAMPLES, LabelledSet
from mcumatrix.ports import Console
from mcumatrix.stages.listen import SerialLog
from mcumatrix.stages.parse import first_error

_EMPTY_LINES = b"\r" * 8
"""Behind each line with bytes of an input: firmware that polls its port has their time to put them away. It
passes over empty lines, whole or not."""


def ask_set(console: Console, log: SerialLog, labelled: LabelledSet, timeout_s: float) -> None:
    """Asks every sample and reads the answers into the log; `timeout_s` is for each of them.

    Raises:
        ConsoleTimeoutError, FirmwareError, StoppedError: as `SerialLog.read_answer` does, and the sentence
            says at which sample.
        ConsoleError: the line is gone.
        ParseError: an answer is not whole, or is not to the sample that was asked.
    """
    first_nonce = 1 + secrets.randbelow(2**32 - 1 - MAX_SAMPLES)
    held: bytes | None = None
    for index, sample in enumerate(labelled.inputs):
        try:
            for command in _changes(held, sample):
                console.write(command.encode() + _EMPTY_LINES)
            console.write(wire.Infer(first_nonce + index).encode())
            said = log.read_answer(console, timeout_s, "its answer")
            _require_answer(said, first_nonce + index, zlib.crc32(sample))
        except McuMatrixError as error:
            error.message += f"; that was at sample {index + 1:,} of {len(labelled.inputs):,}"
            raise
        held = sample


def _changes(held: bytes | None, wanted: bytes) -> Iterator[wire.LoadInput]:
    """What turns the input that a board holds into another one; all of it where that is not known."""
    for offset in range(0, len(wanted), wire.MAX_DATA_BYTES):
        part = slice(offset, offset + wire.MAX_DATA_BYTES)
        if held is None or held[part] != wanted[part]:
            yield wire.LoadInput(offset, wanted[part])


def _require_answer(said: bytes, nonce: int, input_crc32: int) -> None:
    if error := first_error(said):
        raise FirmwareError(f"the firmware says: {error}", hint="The raw log has the rest of its words.")
    (exchange, *others) = wire.read_exchanges(said)
    if others or (exchange.command, exchange.nonce) != (wire.Infer.number, nonce):
        raise ParseError("the board answered something else than it was asked", hint=RUN_AGAIN)
    for inferred in exchange.of(wire.Inferred):
        if inferred.input_crc32 != input_crc32:
            raise ParseError(
                "the input was changed on its way to the board: its checksum is another one",
                hint="Bytes were lost or changed on the serial line; check the cable and the baud rate.",
            )
