"""Evidence: what a record says, told again by what it was made from. Nothing here believes a record.

Its raw log has the cycles, outputs, clocks, layers and the name of the image; its image has hashes; the
model's golden answers say whether an output is right. Where they do not agree, one of them was changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mcumatrix import wire
from mcumatrix.errors import ChangedResultError, McuMatrixError, ParseError
from mcumatrix.model.golden import GoldenCase
from mcumatrix.model.labelled import LabelledSet
from mcumatrix.model.record import Accuracy, Measurement, Record
from mcumatrix.stages.check import check_answer
from mcumatrix.stages.energy import told_again
from mcumatrix.stages.parse import measurement_in
from mcumatrix.stages.set_answers import answers_in, judge

_READ_PROTOCOLS = (3, 4, 5, wire.PROTOCOL_VERSION)
"""Of which logs are read. They differ in checksums, in how many outputs an answer may have, and in memory."""

_HELLO = re.compile(rb"\n@hello 1 protocol=([0-9]{1,9}) ")
"""At the beginning of a line. That is found by its bytes; a pattern with ^ would be tried at each byte."""

_NAMED = 3
"""How many differences of a result are said; there may be hundreds."""

_AXES = ("runtime", "kernels", "model")
"""The axes whose values the firmware says, as the fields of `wire.Hello` are called."""

_NOT_IN_LOG = re.compile(r"layers\.\d+\.source")
"""What of a measurement comes from the image's debug information."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a record that is not what its evidence says; both as Python writes them."""

    field: str
    recorded: str
    proved: str
    evidence: str
    """What proves it, as in "its log"."""

    def __str__(self) -> str:
        return f"{self.field}: the record says {self.recorded}, {self.evidence} says {self.proved}"


def require_none(file: Path, found: Sequence[Difference], hint: str) -> None:
    """Raises ChangedResultError if there are differences: `file` is the record that they are of."""
    if found:
        raise ChangedResultError(f"{file} is not what it was made from: {in_words(found)}", hint=hint)


def in_words(found: Sequence[Difference]) -> str:
    """The first of some differences, and how many more there are."""
    more = f" (and {len(found) - _NAMED} more)" if len(found) > _NAMED else ""
    return f"{'; '.join(map(str, found[:_NAMED]))}{more}"


def differences_from_log(record: Record, log: bytes, said: wire.Hello | None = None) -> Iterator[Difference]:
    """Where a record and its raw log differ; nothing for a run that ended without a measurement.

    `said` is what the firmware of this variant says of itself, where that is known.
    """
    if record.measurement is None:
        return
    try:
        hello, measurement = read_log(log)
    except McuMatrixError as error:
        yield Difference("measurement", "there is one", f"there is none: {error.message}", "its log")
        return
    if said is not None:
        yield from _differences("", asdict(replace(said, protocol=hello.protocol)), asdict(hello), "its log")
    recorded = {
        "image.build_id": record.image.build_id if record.image else None,
        "clock_hz": record.clock_hz,
    }
    proved = {"image.build_id": hello.build, "clock_hz": hello.clock_hz}
    for axis in _AXES:
        if axis in record.axes:
            recorded[f"axes.{axis}"], proved[f"axes.{axis}"] = record.axes[axis], getattr(hello, axis)
    yield from _differences("", recorded, proved, "its log")
    # Nearly always they are the same, which is told faster than where they differ.
    if _as_in_log(record.measurement) != measurement:
        yield from _differences("measurement.", asdict(record.measurement), asdict(measurement), "its log")


def differences_from_image(record: Record, build_id: str, sha256: Mapping[str, str]) -> Iterator[Difference]:
    """Where a record differs from the image of its inputs: `sha256` has image.elf and image.bin, if there."""
    if record.image is None:
        return
    pairs = {
        "image.build_id": (record.image.build_id, build_id),
        "image.elf_sha256": (record.image.elf_sha256, sha256.get("image.elf")),
        "image.binary_sha256": (record.image.binary_sha256, sha256.get("image.bin")),
    }
    for field, (recorded, proved) in pairs.items():
        if proved is not None:
            yield from _differences("", {field: recorded}, {field: proved}, "the image of its inputs")


def differences_from_golden(record: Record, log: bytes, golden: GoldenCase) -> Iterator[Difference]:
    """Where the verdicts of a record are not those of its output and the golden answers, and of its answers
    to a labelled set, which are in its log, and that set."""
    if record.measurement is None or record.correctness is None:
        return
    again = check_answer(record.measurement, golden)
    if again != record.correctness:
        yield from _differences(
            "correctness.", asdict(record.correctness), asdict(again), "comparing its output again"
        )
    if record.accuracy is None:
        return
    try:
        accuracy = accuracy_in(log, golden.labelled)
    except McuMatrixError as error:
        yield Difference("accuracy", "there is one", f"there is none: {error.message}", "its log")
        return
    if accuracy != record.accuracy:
        proved = asdict(accuracy) if accuracy else {}
        yield from _differences("accuracy.", asdict(record.accuracy), proved, "comparing its answers again")


def differences_from_trace(record: Record, trace: bytes | None) -> Iterator[Difference]:
    """Where the energy of a record is not that of its trace; nothing for a record that has no trace."""
    if record.energy is None or record.measurement is None or trace is None:
        return
    again = told_again(record.energy, trace, record.measurement)
    if again != record.energy:
        yield from _differences("energy.", asdict(record.energy), asdict(again), "its trace")


def read_log(log: bytes) -> tuple[wire.Hello, Measurement]:
    """What the firmware said of itself after reset, and the one measurement of a log.

    Raises:
        McuMatrixError: there is none, or it is not true to itself.
    """
    hello, measurement, _ = _read(log)
    return hello, measurement


def accuracy_in(log: bytes, labelled: LabelledSet | None) -> Accuracy | None:
    """How right the answers to a labelled set in a log are; None where it was not asked, or is not there.

    Raises:
        McuMatrixError: they are not true to themselves, or are answers to something else.
    """
    if labelled is None:
        return None
    _, measurement, exchanges = _read(log)
    if measurement.set_answers is None:
        return None
    return judge(answers_in(exchanges, measurement.output), labelled)


def _read(log: bytes) -> tuple[wire.Hello, Measurement, tuple[wire.Exchange, ...]]:
    versions = _HELLO.findall(b"\n" + log)
    protocol = int(versions[-1]) if versions else 0
    if protocol not in _READ_PROTOCOLS:
        raise ParseError(
            f"it is of protocol version {protocol}, and {', '.join(map(str, _READ_PROTOCOLS))} are read"
        )
    exchanges = tuple(wire.read_exchanges(log, protocol))
    hellos = [
        hello
        for exchange in exchanges
        if exchange.command == wire.BOOT_COMMAND
        for hello in exchange.of(wire.Hello)
    ]
    nonces = [exchange.nonce for exchange in exchanges if exchange.command == wire.RunBench.number]
    if not hellos or len(nonces) != 1:
        raise ParseError(f"it has {len(hellos)} first words of a board and {len(nonces)} measurements")
    return hellos[-1], measurement_in(exchanges, log, nonces[0], hellos[-1]), exchanges


def _differences(
    prefix: str, recorded: Mapping[str, object], proved: Mapping[str, object], evidence: str
) -> Iterator[Difference]:
    ours, other = dict(_leaves(recorded)), dict(_leaves(proved))
    for name in dict.fromkeys((*ours, *other)):
        one, another = ours.get(name, _Nothing()), other.get(name, _Nothing())
        # By their text too: a NaN is the same as itself.
        if one != another and repr(one) != repr(another) and not _NOT_IN_LOG.fullmatch(name):
            yield Difference(f"{prefix}{name}", repr(one), repr(another), evidence)


def _as_in_log(measurement: Measurement) -> Measurement:
    """Without what comes from the image; `_NOT_IN_LOG` has the same as a path."""
    if not any(layer.source for layer in measurement.layers):
        return measurement
    return replace(measurement, layers=tuple(replace(layer, source="") for layer in measurement.layers))


class _Nothing:
    """What stands where there is no such field."""

    def __repr__(self) -> str:
        return "nothing"


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """The numbers and words in nested mappings and sequences, by their paths."""
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = dict(enumerate(value)).items()
    else:
        yield path, value
        return
    for key, inner in items:
        yield from _leaves(inner, f"{path}.{key}" if path else str(key))
