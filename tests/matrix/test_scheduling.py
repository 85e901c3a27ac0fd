"""What a matrix file says of runs, their order and a reference."""

from collections.abc import Callable

import pytest

from mcumatrix.errors import MatrixError
from mcumatrix.model.schedule import Ordering, Schedule
from mcumatrix.model.variant import Matrix

AXES = """\
axes:
  runtime: builtin
  kernels: [reference, simd]
  clock: [216 MHz, 288 MHz]
  model: mnist-int8
  board: [virtual-f746, lab]
"""

Load = Callable[[str], Matrix]


def test_without_a_word_each_variant_is_run_once_as_planned_on_units_that_are_tested(load: Load) -> None:
    matrix = load(AXES)
    assert (matrix.schedule, matrix.health) == (Schedule(), True)


def test_all_of_it_can_be_said(load: Load) -> None:
    matrix = load(
        AXES
        + """\
runs: 5
order: random
seed: 42
drift: {reference: {kernels: simd, clock: 216MHz}, tolerance: 0.25}
health: off
"""
    )
    assert matrix.schedule == Schedule(
        5,
        Ordering.RANDOM,
        42,
        (
            "builtin_simd_216MHz_mnist-int8_virtual-f746",
            "builtin_simd_216MHz_mnist-int8_lab",
        ),
        0.25,
    )
    assert not matrix.health


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs: 0\n", "m.yaml:7:7: runs must be at least 1, but is 0"),
        ("runs: 1001\n", "m.yaml:7:7: runs must be at most 1000, but is 1001"),
        ("order: round robin\n", "m.yaml:7:8: order cannot be 'round robin'"),
        ("seed: 3\n", "m.yaml:7:1: there is a seed, and the order is not random"),
        ("health: maybe\n", "m.yaml:7:9: health cannot be 'maybe'"),
        ("drift: {reference: {kernels: smid}}\n", "the axis 'kernels' has no value 'smid' here"),
        (
            "drift: {reference: {kernels: simd}}\n",
            "the reference is 2 variants of the board virtual-f746",
        ),
        ("drift: {reference: {}}\n", "drift.reference names no axis"),
        ("drift: {}\n", "the key 'reference' is missing in drift"),
    ],
)
def test_what_cannot_be_is_named_with_its_place(load: Load, text: str, message: str) -> None:
    with pytest.raises(MatrixError) as error:
        load(AXES + text)
    assert message in error.value.message


def test_a_reference_that_was_left_out_is_none(load: Load) -> None:
    left_out = "exclude: [{kernels: simd, clock: 216 MHz, reason: it is slow}]\n"
    with pytest.raises(MatrixError) as error:
        load(AXES + left_out + "drift: {reference: {kernels: simd, clock: 216 MHz}}\n")
    assert "the reference is no variant of this matrix" in error.value.message


def test_there_are_no_more_runs_than_can_be_planned(load: Load) -> None:
    clocks = ", ".join(f"{100_000 + number} kHz" for number in range(101))
    text = AXES.replace("[216 MHz, 288 MHz]", f"[{clocks}]").replace("[virtual-f746, lab]", "virtual-f746")
    assert load(text + "runs: 400\n").schedule.runs == 400
    with pytest.raises(MatrixError) as error:
        load(text + "runs: 500\n")
    assert "202 variants x 500 = 101,000 runs; 100,000 are allowed" in error.value.message
