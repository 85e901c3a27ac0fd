"""What was asked for, and what came."""

from dataclasses import replace

from mcumatrix.model.record import Correctness
from mcumatrix.report.content.findings.configurations import clocks, defeating_flags
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
