"""What a careful reader would notice in the numbers: said by the report itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from mcumatrix.model.axes import BUILTIN
from mcumatrix.model.catalogue import Element
from mcumatrix.model.record import Measurement, Status
from mcumatrix.model.variant import Outcome
from mcumatrix.report.content.tables import Case

_LIBRARIES = {"cmsis-nn": "CMSIS-NN"}
"""Kernels that are those of an optimised library, and what people call it."""


def find(cases: Sequence[Case]) -> list[str]:
    """Sentences, in the order of their weight."""
    return [
        *_unexpected(cases),
        *_wrong(cases),
        *_flaky(cases),
        *_warned(cases),
        *_not_accelerated(cases),
        *_without_effect(cases),
        *_same_milliseconds(cases),
    ]


def _unexpected(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        if case.is_measured and case.record and case.record.expected is Outcome.FAIL:
            yield f"{case.label} was expected to fail ({case.record.expected_reason}) and passed."


def _wrong(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        record = case.record
        if record and record.status is Status.WRONG_OUTPUT and record.correctness:
            yield (
                f"{case.label} gives a wrong answer: off by {record.correctness.max_error:g} where "
                f"{record.correctness.tolerance:g} is allowed. Its times are not shown."
            )


def _flaky(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        record = case.record
        if record and record.flaky:
            earlier = ", ".join(record.earlier)
            yield (
                f"{case.label} is flaky: it passed in attempt {record.attempt} only; board, probe or serial "
                f"line spoiled those before, see {earlier} among its records."
            )


def _warned(cases: Sequence[Case]) -> Iterator[str]:
    """What a look at the models said before anything was flashed."""
    yield from _once(
        (case, f"known before anything was flashed: {case.record.warning}.")
        for case in cases
        if case.record and case.record.warning
    )


def _once(said: Iterable[tuple[Case, str]]) -> Iterator[str]:
    """Each sentence once, for all cases that it is about."""
    cases: dict[str, list[str]] = {}
    for case, sentence in said:
        cases.setdefault(sentence, []).append(case.label)
    for sentence, labels in cases.items():
        yield f"{', '.join(labels)}: {sentence}"


def _without_effect(cases: Sequence[Case]) -> Iterator[str]:
    """Cases that differ in one axis only and have the same cycles in every layer of every repeat."""
    for axis, members in _differing_in_one_axis(cases):
        if axis in BUILTIN and BUILTIN[axis].keeps_cycles:
            continue
        for same in _equal(members, _cycles):
            values = ", ".join(f"{case.axes[axis]} {case.label}" for case in same)
            yield f"{axis} has no effect: {values} have the same cycles in every layer."


def _same_milliseconds(cases: Sequence[Case]) -> Iterator[str]:
    """Cases at different clocks with the same times: a number was copied, or a clock is not what it says."""
    for axis, members in _differing_in_one_axis(cases):
        if axis != "clock":
            continue
        for same in _equal(members, _milliseconds):
            labels = " and ".join(case.label for case in same)
            yield f"{labels} run at different clocks and have the same times: one of the clocks is wrong."


def _not_accelerated(cases: Sequence[Case]) -> Iterator[str]:
    """Cases that asked for an optimised library which none of their layers used."""
    yield from _once(_unused_libraries(cases))


def _unused_libraries(cases: Sequence[Case]) -> Iterator[tuple[Case, str]]:
    for case in cases:
        record = case.record
        library = _LIBRARIES.get(case.axes.get("kernels", ""))
        if library is None or record is None or record.measurement is None:
            continue
        layers = record.measurement.layers
        if not any(layer.functions for layer in layers):
            element = record.measurement.output.element
            why = f": {element} has no {library} kernels" if element is Element.FLOAT32 else ""
            yield case, f"{library} requested, 0 of {len(layers)} layers use it{why}."


def _cycles(measurement: Measurement) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((layer.op, layer.cycles) for layer in measurement.layers)


def _milliseconds(measurement: Measurement) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(cycles / measurement.clock.measured_hz for cycles in layer.cycles)
        for layer in measurement.layers
    )


def _differing_in_one_axis(cases: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    measured = [case for case in cases if case.is_measured]
    for axis in dict.fromkeys(name for case in measured for name in case.axes):

        def rest(case: Case, axis: str = axis) -> tuple[tuple[str, str], ...]:
            return tuple((name, value) for name, value in case.axes.items() if name != axis)

        for _, group in groupby(sorted(measured, key=rest), key=rest):
            members = list(group)
            if len(members) > 1:
                yield axis, members


def _equal(cases: list[Case], of: Callable[[Measurement], object]) -> Iterator[list[Case]]:
    groups: dict[object, list[Case]] = {}
    for case in cases:
        assert case.record is not None and case.record.measurement is not None
        groups.setdefault(of(case.record.measurement), []).append(case)
    yield from (group for group in groups.values() if len(group) > 1)
