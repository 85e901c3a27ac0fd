"""Where a series of runs changed."""

import random

from mcumatrix.results.change_points import MINIMUM_RUNS, change_points, every_change


def _noise(runs: int, seed: int, level: float = 100.0) -> list[float]:
    draw = random.Random(seed)
    return [draw.gauss(level, 1.0) for _ in range(runs)]


def test_on_a_board_that_does_not_scatter_every_change_is_one() -> None:
    assert every_change([5, 5, 6, 6, 5]) == (2, 4)
    assert every_change([5]) == every_change([]) == ()


def test_a_step_is_found_where_it_is() -> None:
    assert change_points([*_noise(10, 1), *_noise(10, 2, 106.0)]) == (10,)


def test_each_of_several_steps_is_found() -> None:
    values = [*_noise(12, 1), *_noise(12, 2, 110.0), *_noise(12, 3, 95.0)]
    assert change_points(values) == (12, 24)


def test_a_step_of_few_runs_is_found_if_it_is_clear() -> None:
    assert change_points([1.0, 1.01, 1.0, 0.99, 2.0, 2.01, 1.99, 2.0]) == (4,)


def test_of_too_few_runs_nothing_is_said() -> None:
    values = [1.0] * (MINIMUM_RUNS // 2) + [2.0] * (MINIMUM_RUNS // 2 - 1)
    assert change_points(values) == ()
    assert change_points([]) == ()


def test_one_run_that_is_far_off_is_no_new_level() -> None:
    assert change_points([*_noise(12, 5), 130.0]) == ()


def test_runs_that_are_all_the_same_do_not_change() -> None:
    assert change_points([1.5] * 20) == ()


def test_runs_that_only_scatter_are_seldom_said_to_change() -> None:
    """At most 5 % of them, as promised; the seeds are fixed, and the bound leaves room for chance."""
    said = sum(bool(change_points(_noise(15, seed))) for seed in range(200))
    assert said <= 20


def test_with_many_layers_a_change_has_to_be_clearer() -> None:
    values = [1.0, 1.01, 1.0, 0.99, 2.0, 2.01, 1.99, 2.0]
    assert change_points(values, looked_at=9) == ()


def test_a_clear_step_of_many_runs_is_found_among_however_many_layers() -> None:
    """Of 1,999 shuffled series, none that has one as large is too often for more than 100 layers."""
    assert change_points([*_noise(12, 1), *_noise(12, 2, 110.0)], looked_at=400) == (12,)
