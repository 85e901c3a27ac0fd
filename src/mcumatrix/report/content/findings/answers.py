"""Findings about what a network answered."""

import math
from collections.abc import Iterator, Sequence

from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Output, Status
from mcumatrix.report.content.findings.finding import Check, Finding
from mcumatrix.report.content.tables import Case

_SUM_TOLERANCE = 0.02
"""Outputs that add up to 1 within this are taken for probabilities: 8 bits round each of them."""

_SURE = 2.0
"""A class that got less than twice of what chance would give it was not recognised."""

_QUANTISED = {TensorType.INT8: 128, TensorType.UINT8: 0}
"""What to add to a value of a softmax layer to have 256ths (TensorFlow Lite's quantisation spec)."""


def wrong(cases: Sequence[Case]) -> Iterator[Finding]:
    """Answers that are not those of TensorFlow Lite Micro on the host."""
    for case in cases:
        record = case.record
        if record and record.status is Status.WRONG_OUTPUT and record.correctness:
            yield Finding(
                Check.WRONG_OUTPUT,
                f"{case.label} gives a wrong answer: off by {record.correctness.max_error:g} where "
                f"{record.correctness.tolerance:g} is allowed. Its times are not shown.",
            )


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
