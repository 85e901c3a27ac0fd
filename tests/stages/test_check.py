"""Right answers and wrong ones."""

import math
import zlib
from dataclasses import replace

import pytest

from mcumatrix.model.golden import GoldenCase, GoldenOutput
from mcumatrix.model.record import Correctness, Measurement
from mcumatrix.stages.check import check_answer
from support.variants import a_measurement

GOLDEN = GoldenCase(input=b"input", outputs=(GoldenOutput((-128, 127), 0.0),), golden_sha256="d" * 64)


def _measured(values: tuple[float, ...], **changes: object) -> Measurement:
    measurement = replace(a_measurement(), input_crc32=zlib.crc32(b"input"), **changes)  # type: ignore[arg-type]
    return replace(measurement, output=replace(measurement.output, values=values))


def test_the_golden_answer_is_correct() -> None:
    checked = check_answer(_measured((-128, 127)), GOLDEN)
    assert (checked.correct, checked.max_error) == (True, 0.0)


def test_an_integer_that_is_off_by_one_is_wrong() -> None:
    checked = check_answer(_measured((-127, 127)), GOLDEN)
    assert (checked.correct, checked.max_error) == (False, 1)


def test_a_float_may_be_off_by_the_tolerance_and_no_more() -> None:
    golden = replace(GOLDEN, outputs=(GoldenOutput((0.0, 1.0), 1e-5),))
    assert check_answer(_measured((0.0, 1.0 - 0.9e-5)), golden).correct
    assert not check_answer(_measured((0.0, 1.0 - 1.1e-5)), golden).correct


@pytest.mark.parametrize("values", [(math.nan, 127), (-128,), (-128, 127, 0), ()])
def test_what_is_not_a_number_or_of_another_length_is_infinitely_wrong(values: tuple[float, ...]) -> None:
    checked = check_answer(_measured(values), GOLDEN)
    assert (checked.correct, checked.max_error) == (False, math.inf)


def test_repeats_that_gave_different_answers_are_wrong() -> None:
    measured = _measured((-128, 127))
    assert not check_answer(replace(measured, output=replace(measured.output, crc32=(1, 2))), GOLDEN).correct


def test_the_right_answer_to_another_input_is_wrong() -> None:
    assert not check_answer(replace(_measured((-128, 127)), input_crc32=0), GOLDEN).correct


def test_all_of_several_outputs_must_be_right() -> None:
    golden = replace(GOLDEN, outputs=(*GOLDEN.outputs, GoldenOutput((0.5, 100.0), 0.01)))
    measured = _measured((-128, 127))

    def checked(*values: float) -> Correctness:
        further = replace(measured.output, values=values, crc32=())
        return check_answer(replace(measured, further_outputs=(further,)), golden)

    assert checked(0.5, 100.005).correct
    wrong = checked(0.5, 100.02)
    assert (wrong.correct, wrong.max_error, wrong.tolerance) == (False, pytest.approx(0.02), 0.01)


def test_an_output_that_is_missing_is_wrong() -> None:
    golden = replace(GOLDEN, outputs=GOLDEN.outputs * 2)
    assert not check_answer(_measured((-128, 127)), golden).correct
