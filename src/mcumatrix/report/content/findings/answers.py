"""Findings about what a network answered."""

import math
from collections.abc import Iterator, Sequence

from mcumatrix.model.labelled import spread
from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Accuracy, Output, Record, Status
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.tables import Case

_SUM_TOLERANCE = 0.02
"""Outputs that add up to 1 within this are taken for probabilities: 8 bits round each of them."""

_SURE = 2.0
"""A class that got less than twice of what chance would give it was not recognised."""

_LISTED = 20
"""As many samples are named in the evidence of a finding."""

_QUANTISED = {TensorType.INT8: 128, TensorType.UINT8: 0}
"""What to add to a value of a softmax layer to have 256ths (TensorFlow Lite's quantisation spec)."""


def wrong(cases: Sequence[Case]) -> Iterator[Finding]:
    """Answers that are not those of TensorFlow Lite Micro on the host."""
    for case in cases:
        record = case.record
        if record and record.status is Status.WRONG_OUTPUT and record.correctness:
            if record.accuracy and record.accuracy.deviating and record.correctness.correct:
                yield _unlike_the_host(case, record, record.accuracy)
                continue
            yield Finding(
                Check.WRONG_OUTPUT,
                f"{case.label} gives a wrong answer: off by {record.correctness.max_error:g} where "
                f"{record.correctness.tolerance:g} is allowed. Its times are not shown.",
            )


def _unlike_the_host(case: Case, record: Record, accuracy: Accuracy) -> Finding:
    places = accuracy.deviating
    others = f"{accuracy.other_class} of them {'has' if accuracy.other_class == 1 else 'have'} another class"
    return Finding(
        Check.WRONG_OUTPUT,
        f"{case.label} is right on the built-in input, and answers {len(places):,} of "
        f"{_samples(record):,} samples of its labelled set otherwise than the host; {others}. "
        "Its times are not shown.",
        (f"samples {', '.join(map(str, places[:_LISTED]))}{' ...' if len(places) > _LISTED else ''}",),
    )


def other_classes(cases: Sequence[Case]) -> Iterator[Finding]:
    """Variants of one model that were asked the same and answer with other classes."""
    groups: dict[tuple[str | None, str, int], dict[tuple[int | None, ...], list[Case]]] = {}
    for case in cases:
        record = case.record
        answers = record.measurement.set_answers if record and record.measurement else None
        if record and record.accuracy and answers:
            asked = (case.axes.get("model"), record.accuracy.set_sha256, len(answers.classes))
            groups.setdefault(asked, {}).setdefault(answers.classes, []).append(case)
    for (model, _, count), by_classes in groups.items():
        (base, first), *others = by_classes.items()
        for classes, members in others:
            places = _places(members[0])
            differing = [
                f"sample {place}: {_class(one)} by {first[0].label}, {_class(other)} by {members[0].label}"
                for place, one, other in zip(places, base, classes, strict=True)
                if one != other
            ]
            yield Finding(
                Check.OTHER_CLASSES,
                f"{_labels(members)} {'answers' if len(members) == 1 else 'answer'} {len(differing):,} of "
                f"{count:,} samples of {model} with another class than {_labels(first)}.",
                tuple(differing[:_LISTED]),
            )


def _places(case: Case) -> tuple[int, ...]:
    """Where in the whole set the samples of a case stand."""
    assert case.record is not None
    assert case.record.accuracy is not None
    return spread(case.record.accuracy.set_samples, _samples(case.record))


def _samples(record: Record) -> int:
    answers = record.measurement.set_answers if record.measurement else None
    return len(answers.classes) if answers else 0


def _class(number: int | None) -> str:
    return "no class" if number is None else f"class {number}"


def _labels(cases: Sequence[Case]) -> str:
    return ", ".join(case.label for case in cases)


def not_a_number(cases: Sequence[Case]) -> Iterator[Finding]:
    """Answers with infinite values, or values that are no numbers at all."""
    for case in cases:
        if (output := _output(case)) and (
            bad := [value for value in output.values if not math.isfinite(value)]
        ):
            yield Finding(
                Check.NOT_A_NUMBER,
                f"{case.label}: {len(bad)} of {len(output.values)} outputs are not numbers.",
                (", ".join(map(str, output.values)),),
            )


def near_uniform(cases: Sequence[Case]) -> Iterator[Finding]:
    """Answers that are no better than chance: the network, or what runs it, is broken."""
    for case in cases:
        if (output := _output(case)) and (sentence := says_nothing(_probabilities(output))):
            yield Finding(Check.NEAR_UNIFORM, f"{case.label} {sentence}")


def says_nothing(probabilities: Sequence[float]) -> str:
    """The end of a sentence about outputs that are near uniform; empty for others."""
    count = len(probabilities)
    if count < 3 or min(probabilities) < 0 or abs(sum(probabilities) - 1) > _SUM_TOLERANCE:
        return ""
    if max(probabilities) >= _SURE / count:
        return ""
    return (
        f"recognises nothing: its {count} outputs are near uniform, "
        f"{min(probabilities):.3f} to {max(probabilities):.3f}."
    )


def _output(case: Case) -> Output | None:
    return case.record.measurement.output if case.record and case.record.measurement else None


def _probabilities(output: Output) -> tuple[float, ...]:
    if output.element in _QUANTISED:
        return tuple((value + _QUANTISED[output.element]) / 256 for value in output.values)
    return output.values if all(map(math.isfinite, output.values)) else ()
