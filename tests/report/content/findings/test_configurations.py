"""What was asked for, and what came."""

from dataclasses import replace

from mcumatrix.errors import BuildError, McuMatrixError
from mcumatrix.model.record import Correctness
from mcumatrix.model.variant import Expectation, Outcome
from mcumatrix.report.content.findings.configurations import (
    clocks,
    defeating_flags,
    mixed_assertions,
    other_failure,
)
from mcumatrix.report.content.tables import Case, number_cases
from support.variants import a_measurement, a_record, a_variant


def _at(declared_hz: int, measured_hz: int) -> list[Case]:
    measurement = a_measurement()
    clock = replace(measurement.clock, declared_hz=declared_hz, measured_hz=measured_hz)
    record = a_record((replace(measurement, clock=clock), Correctness(True, 0.0, 0.0, "d" * 64)))
    return number_cases([a_variant()], [record])


def test_a_clock_that_is_not_the_declared_one_is_said_with_all_three() -> None:
    (found,) = clocks(_at(216_000_000, 108_000_000))
    assert str(found) == (
        "[1]: the clock is 108 MHz by the board's registers, 216 MHz in the matrix and 216 MHz in the image."
    )


def test_a_clock_that_is_as_declared_is_no_finding() -> None:
    assert not list(clocks(_at(216_000_000, 216_000_000)))
    assert not list(clocks(number_cases([a_variant()], [None])))


def test_flags_that_defeat_kernels_are_said_once_for_all_cases() -> None:
    found = list(
        defeating_flags([("[1]", ["-O3", "-fno-builtin"]), ("[2]", ["-fno-builtin"]), ("[3]", ["-O2"])])
    )
    assert [str(finding) for finding in found] == [
        "[1], [2]: -fno-builtin makes a call of each small memcpy: CMSIS-NN was 3 to 6 times as slow with it "
        "(tensorflow issue 37361)."
    ]


def test_flags_that_do_no_harm_are_no_finding() -> None:
    assert not list(defeating_flags([("[1]", ["-O3", "-ffast-math"])]))


def _failing(expect: Expectation, outcome: McuMatrixError) -> list[str]:
    cases = number_cases([a_variant(expect=expect)], [a_record(outcome)])
    return [str(finding) for finding in other_failure(cases)]


def test_a_failure_that_is_not_the_expected_one_is_said_with_both() -> None:
    expect = Expectation(Outcome.FAIL, "hybrid weights", status="wrong-output")
    assert _failing(expect, BuildError("no such option")) == [
        "[1] was expected to fail with wrong-output (hybrid weights), and failed otherwise: build."
    ]


def test_the_expected_failure_is_no_finding() -> None:
    assert not _failing(Expectation(Outcome.FAIL, "x", status="build"), BuildError("no such option"))
    assert not _failing(Expectation(), BuildError("no such option"))


def _compiled_with(*options: tuple[str, ...] | None) -> list[str]:
    measured = (a_measurement(), Correctness(True, 0.0, 0.0, "d" * 64))
    records = [replace(a_record(measured), options=each) for each in options]
    return [str(found) for found in mixed_assertions(number_cases([a_variant()] * len(options), records))]


def test_libraries_with_assertions_beside_others_without_are_said() -> None:
    assert _compiled_with(("-DNDEBUG", "-O2"), ("-DNDEBUG", "-O2", "-UNDEBUG"), ("-DNDEBUG", "-O3")) == [
        "[2] were compiled with assertions, [1], [3] without: what these take is a part of each difference"
        " between them."
    ]


def test_the_same_for_all_is_no_finding_and_what_is_not_known_is_none() -> None:
    assert not _compiled_with(("-DNDEBUG", "-O2"), ("-O3", "-DNDEBUG"))
    assert not _compiled_with(("-UNDEBUG",), None, ("-O2",))
