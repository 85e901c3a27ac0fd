"""One user at a time for each unit of a board."""

import fcntl
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from mcumatrix.adapters.boards.units import Locks, Units
from mcumatrix.errors import BlockedError, FlashError, LockedError
from mcumatrix.locking import held

PATIENCE_S = 60.0


@pytest.fixture
def locks_of(tmp_path: Path):
    def locks(unit: str) -> Locks:
        return [(tmp_path / f"{unit}-{kind}.lock", f"the {kind} of {unit}") for kind in ("probe", "port")]

    return locks


def _units(*names: str, wait: bool = False, said: list[str] | None = None) -> Units:
    return Units(
        "lab", names, wait=wait, say=(said if said is not None else []).append, stop=threading.Event()
    )


def test_each_taker_has_a_unit_of_its_own(locks_of) -> None:
    units = _units("one", "two")
    with units.take(locks_of) as first, units.take(locks_of) as second:
        assert {first, second} == {"one", "two"}


def test_a_unit_that_is_given_back_can_be_taken_again(locks_of) -> None:
    units = _units("one")
    for _ in range(2):
        with units.take(locks_of) as unit:
            assert unit == "one"


def test_threads_of_this_process_queue_up_and_nobody_is_told(locks_of) -> None:
    said: list[str] = []
    units = _units("one", said=said)
    inside: list[str] = []
    most: list[int] = []

    def work(name: str) -> None:
        with units.take(locks_of):
            inside.append(name)
            most.append(len(inside))
            inside.remove(name)

    threads = [threading.Thread(target=work, args=(str(index),)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert (max(most), len(most), said) == (1, 8, [])


def test_a_unit_of_which_another_process_has_the_serial_port_is_passed_over(locks_of, tmp_path) -> None:
    with (
        held(tmp_path / "one-port.lock", "it", wait=False, say=print),
        _units("one", "two").take(locks_of) as unit,
    ):
        assert unit == "two"


def test_the_probe_of_a_unit_is_free_again_when_its_serial_port_is_not(locks_of, tmp_path) -> None:
    with held(tmp_path / "one-port.lock", "it", wait=False, say=print):
        with pytest.raises(LockedError):
            _units("one").take(locks_of).__enter__()
        with held(tmp_path / "one-probe.lock", "it", wait=False, say=print):
            pass


def test_without_waiting_the_only_unit_in_use_is_an_error_that_names_the_holder(locks_of, tmp_path) -> None:
    other = held(tmp_path / "one-probe.lock", "it", wait=False, say=print)
    with other, pytest.raises(LockedError) as error:
        _units("one").take(locks_of).__enter__()
    assert error.value.message.startswith("the probe of one is in use: process ")


def test_without_waiting_all_units_in_use_are_an_error_that_counts_them(locks_of, tmp_path) -> None:
    with ExitStack() as stack:
        for name in ("one", "two"):
            stack.enter_context(held(tmp_path / f"{name}-probe.lock", "it", wait=False, say=print))
        with pytest.raises(LockedError) as error:
            _units("one", "two").take(locks_of).__enter__()
    assert error.value.message.startswith(
        "all 2 units of lab are in use: the probe of one is in use: process "
    )


def test_waiting_says_once_for_whom_and_ends_when_a_unit_is_free(locks_of, tmp_path) -> None:
    said: list[str] = []
    told = threading.Event()
    units = Units(
        "lab",
        ("one", "two"),
        wait=True,
        say=lambda line: (said.append(line), told.set()),
        stop=threading.Event(),
    )
    files = [(tmp_path / f"{name}-probe.lock").open("w") for name in ("one", "two")]
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)
    taken: list[str] = []

    def work() -> None:
        with units.take(locks_of) as unit:
            taken.append(unit)

    thread = threading.Thread(target=work)
    thread.start()
    assert told.wait(PATIENCE_S)
    assert taken == []
    files[1].close()
    thread.join(PATIENCE_S)
    files[0].close()
    assert taken == ["two"]
    assert len(said) == 1
    assert said[0].startswith("Waiting for one of the 2 units of lab: the probe of one is in use: ")


def test_a_unit_that_was_set_aside_is_given_to_nobody_and_others_do_its_work(locks_of) -> None:
    units = _units("one", "two")
    units.set_aside("one", "it is broken")
    for _ in range(3):
        with units.take(locks_of) as unit:
            assert unit == "two"


def test_where_all_units_were_set_aside_each_is_named_with_the_reason(locks_of) -> None:
    units = _units("one", "two")
    units.set_aside("one", "it is silent")
    units.set_aside("two", "it is gone")
    with pytest.raises(BlockedError) as error:
        units.take(locks_of).__enter__()
    assert str(error.value) == (
        "every unit of lab was set aside (one: it is silent; two: it is gone)\n"
        "  Mend what is named, and run it again: what was not run is run then."
    )


def test_who_waits_for_a_unit_that_is_set_aside_meanwhile_is_told(locks_of) -> None:
    units = _units("one")
    found: list[str] = []

    def work() -> None:
        with pytest.raises(BlockedError), units.take(locks_of):
            pass
        found.append("blocked")

    with units.take(locks_of) as unit:
        thread = threading.Thread(target=work)
        thread.start()
        units.set_aside(unit, "it is broken")
        thread.join(PATIENCE_S)
    assert found == ["blocked"]


def test_an_error_of_a_unit_names_it_and_the_unit_is_free_again() -> None:
    units = _units("one")

    def locks(unit: str) -> Locks:
        raise FlashError("the probe is not attached")

    for _ in range(2):
        with pytest.raises(FlashError) as error:
            units.take(locks).__enter__()
        assert error.value.unit == "one"


def test_without_waiting_a_unit_of_ours_is_queued_for_and_one_of_others_is_not(locks_of, tmp_path) -> None:
    """Two threads, two units, one of which another process has: the second thread gets the first one's."""
    units = _units("one", "two")
    taken: list[str] = []

    def work() -> None:
        with units.take(locks_of) as unit:
            taken.append(unit)

    with held(tmp_path / "two-probe.lock", "it", wait=False, say=print):
        with units.take(locks_of) as unit:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join(0.5)
            assert (unit, taken) == ("one", [])
        thread.join(PATIENCE_S)
    assert taken == ["one"]
