"""What was asked for, and what came."""

from dataclasses import replace

from mcumatrix.errors import BuildError, McuMatrixError
from mcumatrix.model.axes import Setting
from mcumatrix.model.kernels import Compiled
from mcumatrix.model.record import Correctness
from mcumatrix.model.variant import Expectation, Outcome
from mcumatrix.report.content.findings.configurations import (
    above_rating,
    assertions,
    clocks,
    defeating_flags,
    label_changed,
    other_failure,
    same_meaning,
    unrestricted,
)
from mcumatrix.report.content.findings.find import find
from mcumatrix.report.content.findings.finding import Check
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


def test_a_clock_above_what_the_chip_is_rated_for_is_noted_once() -> None:
    fast = replace(a_variant(), clock_hz=288_000_000, rated_hz=216_000_000)
    cases = number_cases([fast, fast, a_variant()], [*[a_record(variant=fast)] * 2, a_record()])
    found = [finding for finding in find(cases) if finding.check is Check.ABOVE_RATING]
    assert [str(one) for one in found] == [
        "[1], [2]: 288 MHz is above the 216 MHz that the chip is rated for: a real one may answer wrongly or "
        "not start."
    ]


def test_a_clock_as_rated_or_of_a_chip_that_nobody_has_rated_is_not_noted() -> None:
    assert not list(above_rating([("[1]", 216_000_000, 216_000_000), ("[2]", 432_000_000, 0)]))


def test_labels_that_mean_the_same_are_named_with_what_they_mean() -> None:
    settings = [
        Setting("opt", "fast", ("-O2",)),
        Setting("opt", "quick", ("-O2",)),
        Setting("opt", "fast", ("-O2",)),
        Setting("opt", "small", ("-Os",)),
        # The same change by another axis is another matter.
        Setting("more", "fast", ("-O2",)),
    ]
    assert [str(one) for one in same_meaning(settings)] == ["opt fast, quick mean the same: -O2."]
    assert [str(one) for one in same_meaning([Setting("a", "x"), Setting("a", "y")])] == [
        "a x, y mean the same: nothing."
    ]


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


ASSERTING = Compiled(("-O2",), ("NDEBUG", "OPTIONAL_RESTRICT_KEYWORD"))
FREE = Compiled(("-DNDEBUG", "-O2"))


def test_assertions_that_were_left_in_everywhere_are_said_once() -> None:
    (found,) = assertions([("[1]", ASSERTING), ("[2]", ASSERTING), ("[3]", None)])
    assert found.check is Check.ASSERTIONS
    assert str(found) == (
        "[1], [2]: assertions are compiled in, inner loops too, and are a part of the times: -DNDEBUG took "
        "tflm-2.1.0 from 313 to 157 ms."
    )


def test_libraries_with_assertions_beside_others_without_are_said() -> None:
    (found,) = assertions([("[1]", FREE), ("[2]", ASSERTING), ("[3]", FREE)])
    assert str(found) == (
        "[2] are compiled with assertions, [1], [3] without: what these take is a part of each difference "
        "between them."
    )


def test_a_library_without_assertions_or_of_which_nothing_is_known_is_no_finding() -> None:
    assert not list(assertions([("[1]", FREE), ("[2]", None), ("[3]", Compiled(("-O2",)))]))


def test_cmsis_nn_that_was_not_told_that_pointers_do_not_overlap_is_said() -> None:
    (found,) = unrestricted([("[1]", ASSERTING), ("[2]", FREE), ("[3]", None)])
    assert str(found) == (
        "[1]: CMSIS-NN is compiled without -DOPTIONAL_RESTRICT_KEYWORD=__restrict, which its README wants on "
        "a Cortex-M7."
    )


def _labelled(then: Setting, now: Setting) -> list[str]:
    record = a_record(variant=a_variant(settings=(then,)))
    return [str(found) for found in label_changed(number_cases([a_variant(settings=(now,))], [record]))]


def test_a_label_that_meant_something_else_when_it_ran_is_said() -> None:
    then, now = Setting("opt", "fast", ("-O2",)), Setting("opt", "fast", ("-O3",), (("USE_LTO", "1"),))
    assert _labelled(then, now) == [
        "[1]: opt fast: -O2 when it ran, and in the matrix now opt fast: -O3 USE_LTO=1."
    ]


def test_a_label_that_means_the_same_and_another_label_are_no_finding() -> None:
    then = Setting("opt", "fast", ("-O2",))
    assert _labelled(then, then) == []
    assert _labelled(then, Setting("opt", "slow", ("-O0",))) == []
    kept = replace(a_record(), settings=None)
    assert not list(label_changed(number_cases([a_variant(settings=(then,))], [kept])))
