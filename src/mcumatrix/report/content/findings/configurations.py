"""Findings about what was asked for and what came: expectations, clocks, libraries, flags."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mcumatrix.model.axes import BUILTIN, Setting
from mcumatrix.model.kernels import RESTRICT, Compiled
from mcumatrix.model.network import TensorType
from mcumatrix.model.variant import Outcome
from mcumatrix.report.content.findings.finding import Check, Finding, once
from mcumatrix.report.content.switches import LIBRARIES
from mcumatrix.report.content.tables import Case
from mcumatrix.units import format_frequency

_DEFEATING = {
    "-fno-builtin": (
        "-fno-builtin makes a call of each small memcpy: CMSIS-NN was 3 to 6 times as slow with it "
        "(tensorflow issue 37361)"
    ),
    "-ffreestanding": "-ffreestanding implies -fno-builtin, which makes a call of each small memcpy",
    "-O0": "-O0 leaves kernels as they are written: their times say nothing about the library",
}
"""Compiler flags that keep kernels from being what they could be, and why."""


def unexpected_pass(cases: Sequence[Case]) -> Iterator[Finding]:
    """Cases that were to fail and did not."""
    for case in cases:
        if case.is_measured and case.expect.outcome is Outcome.FAIL:
            yield Finding(
                Check.UNEXPECTED_PASS, f"{case.label} was expected to fail ({case.expect.reason}) and passed."
            )


def other_failure(cases: Sequence[Case]) -> Iterator[Finding]:
    """Cases that were to fail, and failed otherwise: what was expected is not known to be so."""
    for case in cases:
        status = case.record.status if case.record else case.refused
        if (
            status
            and not case.is_measured
            and case.expect.outcome is Outcome.FAIL
            and not case.failed_as_expected
        ):
            yield Finding(
                Check.OTHER_FAILURE,
                f"{case.label} was expected to fail{case.expect.failure} ({case.expect.reason}), and failed "
                f"otherwise: {status}.",
                (case.record.reason if case.record else case.untried,),
            )


def known_before(cases: Sequence[Case]) -> Iterator[Finding]:
    """What a look at the models said before anything was flashed."""
    yield from once(
        Check.KNOWN_BEFORE,
        (
            (case.label, f"known before anything was flashed: {case.record.warning}.")
            for case in cases
            if case.record and case.record.warning
        ),
    )


def not_accelerated(cases: Sequence[Case]) -> Iterator[Finding]:
    """Cases that asked for an optimised library which none of their layers used."""
    yield from once(Check.NOT_ACCELERATED, _unused_libraries(cases))


def _unused_libraries(cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    for case in cases:
        record = case.record
        library = LIBRARIES.get(case.axes.get("kernels", ""))
        if library is None or record is None or record.measurement is None:
            continue
        layers = record.measurement.layers
        if not any(layer.functions for layer in layers):
            element = record.measurement.output.element
            why = f": {element} has no {library} kernels" if element is TensorType.FLOAT32 else ""
            yield case.label, f"{library} requested, 0 of {len(layers)} layers use it{why}."


Compilations = Iterable[tuple[str, Compiled | None]]
"""Labels of cases, with how their libraries are compiled where that is known."""


def assertions(of_cases: Compilations) -> Iterator[Finding]:
    """Libraries whose assertions are compiled in, and whether that is so for all."""
    labels: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for label, compiled in of_cases:
        labels[compiled.asserts if compiled else None].append(label)
    if labels[True] and labels[False]:
        yield Finding(
            Check.ASSERTIONS,
            f"{', '.join(labels[True])} are compiled with assertions, {', '.join(labels[False])} without: "
            "what these take is a part of each difference between them.",
        )
    elif labels[True]:
        yield Finding(
            Check.ASSERTIONS,
            f"{', '.join(labels[True])}: assertions are compiled in, inner loops too, and are a part of the "
            "times: -DNDEBUG took tflm-2.1.0 from 313 to 157 ms.",
        )


def unrestricted(of_cases: Compilations) -> Iterator[Finding]:
    """CMSIS-NN that was not told which pointers do not overlap."""
    said = [
        (
            label,
            f"CMSIS-NN is compiled without -D{RESTRICT}=__restrict, which its README wants on a Cortex-M7.",
        )
        for label, compiled in of_cases
        if compiled is not None and compiled.is_unrestricted
    ]
    yield from once(Check.FLAGS, said)


def label_changed(cases: Sequence[Case]) -> Iterator[Finding]:
    """Labels of own axes that stood for something else when a case ran than they do in its matrix now."""
    said = []
    for case in cases:
        kept = case.record.settings if case.record else None
        now = {setting.axis: setting for setting in case.declared or ()}
        for setting in kept or ():
            meant = now.get(setting.axis)
            if meant is not None and meant.label == setting.label and meant != setting:
                said.append((case.label, f"{setting} when it ran, and in the matrix now {meant}."))
    yield from once(Check.LABEL_CHANGED, said)


def same_meaning(settings: Iterable[Setting]) -> Iterator[Finding]:
    """Labels of an own axis that change the same of a build: their columns differ in nothing but the name."""
    labels: dict[Setting, list[str]] = {}
    for setting in settings:
        if setting.axis in BUILTIN:
            continue  # what its values mean is known from elsewhere than from what they change of a build
        known = labels.setdefault(replace(setting, label=""), [])
        if setting.label not in known:
            known.append(setting.label)
    for meaning, found in labels.items():
        if len(found) > 1:
            yield Finding(
                Check.SAME_MEANING,
                f"{meaning.axis} {', '.join(found)} mean the same: {meaning.changes}.",
            )


def above_rating(of_cases: Iterable[tuple[str, int, int]]) -> Iterator[Finding]:
    """Clocks above what a chip is rated for; `of_cases` has labels, clocks and ratings (0: none), in Hz."""
    said = [
        (
            label,
            f"{format_frequency(clock_hz)} is above the {format_frequency(rated_hz)} that the chip is rated "
            "for: a real one may answer wrongly or not start.",
        )
        for label, clock_hz, rated_hz in of_cases
        if rated_hz and clock_hz > rated_hz
    ]
    yield from once(Check.ABOVE_RATING, said)


def clocks(cases: Sequence[Case]) -> Iterator[Finding]:
    """Cases whose clock is not the one that was asked for, as the registers of the board say."""
    for case in cases:
        record = case.record
        if record is None or record.measurement is None:
            continue
        clock = record.measurement.clock
        if len({record.clock_hz, clock.declared_hz, clock.measured_hz}) > 1:
            yield Finding(
                Check.CLOCK,
                f"{case.label}: the clock is {format_frequency(clock.measured_hz)} by the board's registers, "
                f"{format_frequency(record.clock_hz)} in the matrix and "
                f"{format_frequency(clock.declared_hz)} in the image.",
            )


def defeating_flags(of_cases: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Finding]:
    """Compiler flags that cost more than any kernel gains; `of_cases` has labels and flags."""
    said = [
        (label, f"{_DEFEATING[flag]}.") for label, flags in of_cases for flag in flags if flag in _DEFEATING
    ]
    yield from once(Check.FLAGS, said)
