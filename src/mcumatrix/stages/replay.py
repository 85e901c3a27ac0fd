"""Replay: a record made again from its raw log, to know that its numbers are those that a board said."""

from collections.abc import Iterator
from dataclasses import replace

from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.record import Measurement, Record
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.energy import told_again
from mcumatrix.stages.evidence import (
    Difference,
    accuracy_in,
    differences_from_golden,
    differences_from_log,
    differences_from_trace,
    read_log,
)
from mcumatrix.stages.record import outcome_of


def replay(record: Record, log: bytes, golden: GoldenCase, trace: bytes | None = None) -> Record:
    """The record as its log gives it: measurement, correctness, accuracy, status and reason are worked out
    again; so is the energy where there is a `trace`.

    What a log does not have is taken from the record: what it was built from, how it got onto the board, when
    it ended, and the source files of its layers.

    Raises:
        ParseError: the log has no measurement, or none that is whole.
        FirmwareError: the firmware said that it could not measure.
    """
    _, said = read_log(log)
    measurement = _with_sources(said, record.measurement)
    correctness = check_answer(measurement, golden)
    accuracy = accuracy_in(log, golden.labelled)
    status, reason = outcome_of(correctness, accuracy)
    energy = record.energy
    if energy is not None and trace is not None:
        energy = told_again(energy, trace, measurement)
    return replace(
        record,
        energy=energy,
        measurement=measurement,
        correctness=correctness,
        accuracy=accuracy,
        status=status,
        reason=reason,
    )


def differences(
    record: Record, made: Record, log: bytes, golden: GoldenCase, trace: bytes | None = None
) -> Iterator[Difference]:
    """Where a record and the one that was made again from its log differ, by field and with both values."""
    yield from differences_from_log(record, log)
    yield from differences_from_golden(record, log, golden)
    yield from differences_from_trace(record, trace)
    for name in ("status", "reason"):
        ours, other = getattr(record, name), getattr(made, name)
        if ours != other:
            yield Difference(name, repr(str(ours)), repr(str(other)), "comparing its output again")


def _with_sources(measurement: Measurement, kept: Measurement | None) -> Measurement:
    """Which files computed the layers is in the debug information of the image, and not in the log."""
    if kept is None or len(kept.layers) != len(measurement.layers):
        return measurement
    layers = tuple(
        replace(layer, source=other.source if other.code == layer.code else "")
        for layer, other in zip(measurement.layers, kept.layers, strict=True)
    )
    return replace(measurement, layers=layers)
