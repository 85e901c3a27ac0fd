"""In which order runs are begun, and what is run besides."""

from collections import Counter

import pytest

from mcumatrix.model.schedule import Moment, Ordering, Schedule, Slot

SLUGS = ("a", "b", "c")


def _runs(schedule: Schedule) -> list[tuple[str, int]]:
    (phase,) = schedule.phases(SLUGS)
    return [(slug, slot.run) for slug, slot in phase]


def test_by_plan_a_variant_has_all_its_runs_before_the_next() -> None:
    assert _runs(Schedule(2)) == [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1), ("c", 2)]


def test_round_robin_goes_through_all_variants_before_a_second_run() -> None:
    order = _runs(Schedule(2, Ordering.ROUND_ROBIN))
    assert order == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2)]


def test_a_random_order_has_every_run_once_and_is_that_of_its_seed() -> None:
    orders = [_runs(Schedule(9, Ordering.RANDOM, seed)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert all(Counter(order) == Counter(_runs(Schedule(9))) for order in orders)


@pytest.mark.parametrize("ordering", Ordering)
def test_the_reference_is_run_before_all_after_half_and_after_all(ordering: Ordering) -> None:
    schedule = Schedule(3, ordering, references=("b",))
    start, first, middle, second, end = schedule.phases(SLUGS)
    assert (start, middle, end) == tuple(
        (("b", Slot(1, moment)),) for moment in (Moment.START, Moment.MIDDLE, Moment.END)
    )
    assert (len(first), len(second)) == (4, 5)
    assert set(schedule.slots_of("b")) == {
        slot for phase in schedule.phases(SLUGS) for s, slot in phase if s == "b"
    }


def test_a_reference_that_is_not_selected_is_not_run() -> None:
    assert len(Schedule(references=("b",)).phases(("a", "c"))) == 1


def test_each_run_has_a_name_of_its_own_and_the_first_one_none() -> None:
    slots = [*Schedule(3, references=("a",)).slots_of("a"), Slot(unit="/dev/ttyACM0"), Slot(unit="lab")]
    suffixes = [slot.suffix for slot in slots]
    assert suffixes[:6] == ["", ".run2", ".run3", ".start", ".middle", ".end"]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix.replace(".", "").isalnum() for suffix in suffixes[1:])


def test_what_a_record_says_of_the_order() -> None:
    assert [Schedule(1, order, 7).order_text for order in Ordering] == ["", "round-robin", "random, seed 7"]
