"""What is usual for a unit, and what is not."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mcumatrix.errors import ParseError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.record import Correctness, Flashed, Provenance, Record
from mcumatrix.stages.health import HISTORY, cycles_of, drift_of
from support.variants import a_measurement, a_record

RIGHT = Correctness(True, 0.0, 0.0, "d" * 64)


def _test(cycles: int, kind: BoardKind = BoardKind.REAL, unit: str = "one") -> Record:
    """A test that took so many cycles, of which 5 are between the layers."""
    record = a_record(
        (a_measurement((("CONV_2D", (cycles - 5,)),)), RIGHT),
        provenance=Provenance("lab", kind, "", {}, unit=unit),
    )
    return replace(record, flashed=Flashed(f"probe of {unit}", "f" * 64, 1))


def _tests(cycles: Sequence[int], kind: BoardKind = BoardKind.REAL) -> list[Record]:
    return [_test(one, kind) for one in cycles]


@pytest.mark.parametrize("cycles", [100_000, 100_400, 99_600])
def test_hardware_may_differ_by_what_nobody_can_help(cycles: int) -> None:
    assert drift_of(_test(cycles), _tests([100_000] * 5)) == ""


@pytest.mark.parametrize(
    ("cycles", "sentence"),
    [
        (101_000, "took 101000 cycles and took 100000 at first, the median of 5: +1.00 %"),
        (99_000, "took 99000 cycles and took 100000 at first, the median of 5: -1.00 %"),
    ],
)
def test_hardware_that_differs_more_drifts(cycles: int, sentence: str) -> None:
    assert drift_of(_test(cycles), _tests([100_000] * 5)) == f"the image that tests it {sentence}"


def test_a_unit_that_always_varied_may_vary() -> None:
    noisy = _tests([98_000, 99_000, 100_000, 101_000, 102_000])
    assert drift_of(_test(104_000), noisy) == ""
    assert drift_of(_test(112_000), noisy)


def test_few_results_of_hardware_say_nothing_and_one_of_a_virtual_board_says_all() -> None:
    assert drift_of(_test(200_000), _tests([100_000] * 4)) == ""
    virtual = BoardKind.VIRTUAL
    assert drift_of(_test(100_001, virtual), _tests([100_000], virtual))
    assert drift_of(_test(100_000, virtual), _tests([100_000], virtual)) == ""


def test_a_slow_drift_is_held_against_how_the_unit_was_at_first() -> None:
    """Each result is as good as the one before, and the last is far from the first."""
    creeping = [100_000 + 40 * step for step in range(60)]
    found = [drift_of(_test(cycles), _tests(creeping[:step])) for step, cycles in enumerate(creeping)]
    assert not any(found[:HISTORY])
    assert found[-1]


def test_units_have_histories_of_their_own_and_failures_are_in_none() -> None:
    others = [_test(50_000, unit="two") for _ in range(10)]
    failed = a_record(ParseError("a line is missing"))
    assert drift_of(_test(100_000), [*others, failed]) == ""
    assert cycles_of(failed) is None
    assert drift_of(failed, _tests([100_000] * 9)) == ""


def test_the_first_test_has_no_history() -> None:
    assert drift_of(_test(100_000), []) == ""
