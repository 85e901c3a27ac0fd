"""Set answers: what a board said to the samples of a labelled set, and how right that is."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mcumatrix import wire
from mcumatrix.errors import RUN_AGAIN, FirmwareError, ParseError
from mcumatrix.model.labelled import MAX_SAMPLES, LabelledSet
from mcumatrix.model.record import Accuracy, Output, SetAnswers
from mcumatrix.stages.check import largest_error
from mcumatrix.stages.elements import elements_of


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """What one answer says: the checksum of the input, the elements of the output, and its bytes."""

    input_crc32: int
    values: tuple[float, ...]
    data: bytes

    @property
    def answered_class(self) -> int | None:
        """The index of the largest element, of several the first; None where one is no number."""
        return class_of(self.values)


def class_of(values: Sequence[float]) -> int | None:
    """The index of the largest number, of several the first; None where one is none."""
    if any(map(math.isnan, values)):
        return None
    return max(range(len(values)), key=values.__getitem__)


def answers_in(exchanges: Sequence[wire.Exchange], output: Output) -> tuple[SampleAnswer, ...]:
    """The answers to a labelled set in a log; none where it was not asked. `output` is one of the model.

    Raises:
        FirmwareError: a sample was not answered.
        ParseError: an answer is not whole, not true to itself, or not in its place.
    """
    asked = [exchange for exchange in exchanges if exchange.command == wire.Infer.number]
    if len(asked) > MAX_SAMPLES:
        raise ParseError(f"it has answers to {len(asked):,} samples, and {MAX_SAMPLES:,} are the most")
    for index, exchange in enumerate(asked):
        if exchange.nonce != asked[0].nonce + index:
            raise ParseError(
                f"the answer to sample {index + 1:,} is missing or not in its place", hint=RUN_AGAIN
            )
    return tuple(_answer(index, exchange, output) for index, exchange in enumerate(asked))


def _answer(index: int, exchange: wire.Exchange, output: Output) -> SampleAnswer:
    if not exchange.ok:
        raise FirmwareError(
            f"the firmware did not answer sample {index + 1:,}, and did not say why", hint=RUN_AGAIN
        )
    said = exchange.of(wire.Inferred)
    lines = exchange.of(wire.DataLine)
    data = b"".join(line.payload for line in lines)
    *offsets, _ = accumulate((len(line.payload) for line in lines), initial=0)
    if len(said) != 1 or offsets != [line.offset for line in lines]:
        raise ParseError(
            f"the answer to sample {index + 1:,} contradicts itself: it is not whole", hint=RUN_AGAIN
        )
    if zlib.crc32(data) != said[0].output_crc32:
        raise ParseError(
            f"the answer to sample {index + 1:,} contradicts itself: its bytes are not what was computed",
            hint=RUN_AGAIN,
        )
    values = elements_of(output.element, data)
    if len(values) != len(output.values):
        raise ParseError(
            f"the answer to sample {index + 1:,} has {len(values)} elements; the output has "
            f"{len(output.values)}",
            hint=RUN_AGAIN,
        )
    return SampleAnswer(said[0].input_crc32, values, data)


def summary_of(answers: Sequence[SampleAnswer]) -> SetAnswers | None:
    """What is kept of some answers; None of none."""
    if not answers:
        return None
    crc32 = 0
    for answer in answers:
        crc32 = zlib.crc32(answer.data, crc32)
    return SetAnswers(tuple(answer.answered_class for answer in answers), crc32)


def judge(answers: Sequence[SampleAnswer], labelled: LabelledSet) -> Accuracy:
    """Compares answers with the labels of the set, and with those of the host, if it has any.

    Raises:
        ParseError: they are not answers to these samples.
    """
    if len(answers) != len(labelled.inputs):
        raise ParseError(
            f"it has answers to {len(answers):,} samples, and {len(labelled.inputs):,} were asked",
            hint=RUN_AGAIN,
        )
    for index, (answer, sample) in enumerate(zip(answers, labelled.inputs, strict=True)):
        if answer.input_crc32 != zlib.crc32(sample):
            raise ParseError(f"the answer to sample {index + 1:,} is one to another input", hint=RUN_AGAIN)
    classes = [answer.answered_class for answer in answers]
    correct = sum(one == label for one, label in zip(classes, labelled.labels, strict=True))
    if not labelled.expected:
        return Accuracy(labelled.sha256, labelled.count, correct)
    errors = [
        largest_error(answer.values, expected)
        for answer, expected in zip(answers, labelled.expected, strict=True)
    ]
    host_classes = [class_of(expected) for expected in labelled.expected]
    deviating = [index for index, error in enumerate(errors) if error > labelled.tolerance]
    return Accuracy(
        set_sha256=labelled.sha256,
        set_samples=labelled.count,
        correct=correct,
        answers_sha256=labelled.answers_sha256,
        host_correct=sum(one == label for one, label in zip(host_classes, labelled.labels, strict=True)),
        deviating=tuple(labelled.places[index] for index in deviating),
        other_class=sum(classes[index] != host_classes[index] for index in deviating),
        max_error=max(errors),
        tolerance=labelled.tolerance,
    )
