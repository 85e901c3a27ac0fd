"""How far work is, and how long the rest takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcumatrix.progress.tally import AtWork, Ended, Snapshot, Tally, Transfer


def test_what_is_counted_is_what_there_was_to_do() -> None:
    tally = Tally()
    tally.expect(["run:a", "run:b", "run:c", "run:d"])
    tally.begin("run:a", 0)
    tally.place("run:a", "board-1")
    tally.begin("run:b", 1)
    assert tally.end("run:b", Ended.FAILED, 3) == 2
    assert tally.end("run:c", Ended.BLOCKED, 3) is None, "it was never begun"
    now = tally.snapshot(4)
    assert now == Snapshot(0, 1, 1, 1, (AtWork("run:a", "board-1", 4),), (), now.left_s)
    assert (now.ended, now.total) == (2, 4)


def test_a_task_that_nobody_expected_counts_and_one_that_is_done_again_counts_once() -> None:
    tally = Tally()
    for _ in range(2):
        tally.begin("library:x", 0)
        tally.end("library:x", Ended.DONE, 5)
    tally.expect(["library:x"])
    assert tally.snapshot(5) == Snapshot(done=1)


def test_the_rest_takes_what_the_same_tasks_took_before() -> None:
    tally = Tally({"run:a": 10.0, "run:b": 30.0, "build:x": 500.0})
    tally.expect(["run:a", "run:b", "run:c"])
    tally.begin("run:a", 100)
    # One at a time: 10 s for a, 30 s for b, and for c what runs take usually.
    assert tally.snapshot(100).left_s == 10 + 30 + 20
    assert tally.snapshot(104).left_s == 6 + 30 + 20
    tally.end("run:a", Ended.DONE, 110)
    tally.begin("run:b", 110)
    assert tally.snapshot(111).left_s == 29 + 20
    assert tally.took_s == {"run:a": 10, "run:b": 30, "build:x": 500}


def test_what_is_done_side_by_side_takes_less() -> None:
    tally = Tally({f"run:{number}": 10.0 for number in range(8)})
    tally.expect(tally.usual_s)
    for task in ("run:0", "run:1"):
        tally.begin(task, 0)
    assert tally.snapshot(5).left_s == (2 * 5 + 6 * 10) / 2


def test_nobody_knows_how_long_takes_what_was_never_done() -> None:
    tally = Tally({"run:a": 10.0})
    tally.expect(["run:b", "library:x"])
    tally.begin("run:b", 0)
    assert tally.snapshot(1).left_s is None
    tally.begin("library:x", 1)
    tally.end("library:x", Ended.DONE, 3)
    assert tally.snapshot(3).left_s == pytest.approx(7 * 3 / 5)


def test_the_estimate_runs_down_between_two_looks_at_all_tasks() -> None:
    tally = Tally({"run:a": 10.0})
    tally.begin("run:a", 0)
    assert [tally.snapshot(now_s).left_s for now_s in (0, 0.25, 0.5)] == [10, 9.75, 9.5]


def test_a_task_that_found_its_work_done_says_nothing_of_how_long_it_takes() -> None:
    tally = Tally({"library:x": 60.0})
    tally.begin("library:x", 0)
    tally.end("library:x", Ended.DONE, 0.01)
    tally.begin("run:a", 0)
    tally.end("run:a", Ended.FAILED, 30)
    assert tally.took_s == {"library:x": 60.0}


def test_transfers_are_there_until_they_are_over() -> None:
    tally = Tally()
    tally.transfer(1, Transfer("fetch", "model.tflite", 5, 10))
    assert tally.snapshot(0).transfers == (Transfer("fetch", "model.tflite", 5, 10),)
    tally.transfer(1, None)
    assert tally.snapshot(0) == Snapshot()


events = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["begin", "end", "expect"]), st.sampled_from(Ended)),
    max_size=30,
)


@given(events)
def test_every_task_is_in_one_place_whatever_happens_in_which_order(
    told: list[tuple[str, str, Ended]],
) -> None:
    tally = Tally()
    for now_s, (name, event, how) in enumerate(told):
        if event == "begin":
            tally.begin(name, now_s)
        elif event == "end":
            tally.end(name, how, now_s)
        else:
            tally.expect([name])
    now = tally.snapshot(len(told))
    assert now.total == len({name for name, _, _ in told})
    assert min(now.done, now.failed, now.blocked, now.left) >= 0
    assert now.left_s is None or now.left_s >= 0
