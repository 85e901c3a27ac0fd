"""How long a run may take in all."""

import pytest

from mcumatrix.errors import ConsoleTimeoutError
from mcumatrix.stages.time_limit import TimeLimit


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_only_the_time_at_work_counts_and_that_of_all_attempts_together() -> None:
    clock = Clock()
    limit = TimeLimit(60.0, clock)
    for _ in range(2):
        clock.now_s += 1000
        with limit.counted():
            clock.now_s += 25
            limit.check()
    assert limit.left_s == 10
    with limit.counted():
        clock.now_s += 10
        limit.check()
        clock.now_s += 0.5
        with pytest.raises(ConsoleTimeoutError) as raised:
            limit.check()
    assert str(raised.value) == (
        "building and running took longer than 1 min in all, and the run was ended\n"
        "  time_limits of the matrix can give it more; fewer runs and repeats take less."
    )


def test_what_is_done_at_once_counts_once() -> None:
    clock = Clock()
    limit = TimeLimit(60.0, clock)
    with limit.counted():
        clock.now_s += 10
        with limit.counted():
            clock.now_s += 5
        clock.now_s += 10
    assert limit.left_s == 35
