"""Replay: a record made again from its raw log, to know that its numbers are those that a board said."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from mcumatrix import wire
from mcumatrix.errors import McuMatrixError, ParseError
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.record import Measurement, Record
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.parse import parse_bench
from mcumatrix.stages.record import outcome_of

_PROTOCOLS = tuple(range(wire.PROTOCOL_VERSION, 0, -1))


def replay(record: Record, log: bytes, golden: GoldenCase) -> Record:
    """The record as its log gives it: measurement, correctness, status and reason are worked out again.

    What a log does not have is taken from the record: what it was built from, how it got onto the board, when
    it ended, and the source files of its layers.

    Raises:
        ParseError: the log has no measurement that is whole, or it is of another image.
        FirmwareError: the firmware said that it could not measure.
    """
    measurement = _with_sources(_measurement(record, log), record.measurement)
    correctness = check_answer(measurement, golden)
    status, reason = outcome_of(correctness)
    return replace(record, measurement=measurement, correctness=correctness, status=status, reason=reason)


def _measurement(record: Record, log: bytes) -> Measurement:
    """Of the protocol version that the log is in: older firmware had other checksums."""
    first: McuMatrixError | None = None
    for protocol in _PROTOCOLS:
        try:
            answer, said = _answer(log, protocol)
            expected = replace(
                said,
                build=record.image.build_id if record.image else "",
                runtime=record.axes["runtime"],
                kernels=record.axes["kernels"],
                model=record.axes["model"],
                clock_hz=record.clock_hz,
            )
            return parse_bench(log, answer.nonce, expected)
        except McuMatrixError as error:
            first = first or error
    assert first is not None
    raise first


def _answer(log: bytes, protocol: int) -> tuple[wire.Exchange, wire.Hello]:
    answers = [
        exchange
        for exchange in wire.read_exchanges(log, protocol)
        if exchange.command == wire.RunBench.number
    ]
    hellos = [hello for answer in answers[-1:] for hello in answer.of(wire.Hello)]
    if not hellos or hellos[0].protocol != protocol:
        raise ParseError("the log has no measurement", hint="It failed before there was one.")
    return answers[-1], hellos[0]


def _with_sources(measurement: Measurement, kept: Measurement | None) -> Measurement:
    """Which files computed the layers is in the debug information of the image, and not in the log."""
    if kept is None or len(kept.layers) != len(measurement.layers):
        return measurement
    layers = tuple(
        replace(layer, source=other.source if other.code == layer.code else "")
        for layer, other in zip(measurement.layers, kept.layers, strict=True)
    )
    return replace(measurement, layers=layers)


def differing_fields(kept: object, replayed: object, name: str = "") -> Iterator[str]:
    """The names of the fields that two records have otherwise, as `measurement.layers[2].cycles`."""
    if kept == replayed:
        return
    if is_dataclass(kept) and is_dataclass(replayed) and type(kept) is type(replayed):
        for field in fields(kept):
            below = f"{name}.{field.name}" if name else field.name
            yield from differing_fields(getattr(kept, field.name), getattr(replayed, field.name), below)
    elif (
        isinstance(kept, tuple)
        and isinstance(replayed, tuple)
        and len(kept) == len(replayed)
        and any(map(is_dataclass, kept))
    ):
        for index, (ours, other) in enumerate(zip(kept, replayed, strict=True)):
            yield from differing_fields(ours, other, f"{name}[{index}]")
    else:
        yield name
