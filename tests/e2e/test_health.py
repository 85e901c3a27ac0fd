"""Units have to show that they are fit: what is not, is set aside, and nothing is lost."""

import json
import re
import shutil
from itertools import groupby

import pytest

from e2e.conftest import TESTED, TWO_VARIANTS, MakeWorkplace, Workplace


@pytest.fixture(scope="module")
def place(make_workplace: MakeWorkplace) -> Workplace:
    """A project with a board of two units that are tested, and both images of the matrix built."""
    made = make_workplace()
    made.write_matrix("two", TESTED)
    return made


@pytest.fixture(autouse=True)
def anew(place: Workplace) -> None:
    for folder in ("results/two", "build/boards"):
        shutil.rmtree(place.root / folder, ignore_errors=True)


def _tests(place: Workplace, matrix: str = "two") -> list[dict[str, object]]:
    """The records of tests of units, in their order."""
    folder = place.root / "results" / matrix / "health"
    names = [json.loads(line)["record"] for line in (folder / "chain.jsonl").read_text().splitlines()]
    return [json.loads((folder / name).read_bytes()) for name in names]


def _units(place: Workplace) -> set[str]:
    return {json.loads(path.read_bytes())["provenance"]["unit"] for path in place.records("two")}


def _break(place: Workplace, *units: int) -> None:
    """What has the name of a unit's flash is none of its size, so that it never starts."""
    for unit in units:
        folder = place.root / "build" / "boards" / f"virtual-f746-{unit}"
        folder.mkdir(parents=True)
        (folder / "flash.bin").write_bytes(b"x")


def test_each_unit_is_tested_once_before_it_is_measured_on(place: Workplace) -> None:
    ran = place.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    tests = _tests(place)
    assert {test["status"] for test in tests} == {"ok"}
    units = [test["slot"]["unit"] for test in tests]
    assert len(units) == len(set(units))
    assert _units(place) <= set(units)
    assert re.search(r"\| virtual-f746 +\| virtual-f746-[01] +\| passed +\|", place.report("two"))
    # Where there is nothing to run, nothing is tested.
    again = place.doit("matrix", "two")
    assert again.returncode == 0, again.stdout + again.stderr
    assert _tests(place) == tests


def test_a_unit_that_fails_its_test_again_and_again_is_set_aside_and_others_do_its_work(
    place: Workplace,
) -> None:
    _break(place, 0)
    ran = place.doit("matrix", "two", "--attempts", "2")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert _units(place) == {"virtual-f746-1"}
    failed = [test for test in _tests(place) if test["status"] != "ok"]
    assert {(test["status"], test["slot"]["unit"]) for test in failed} == {("no-board", "virtual-f746-0")}
    # The task of the other variant may test the unit too while it rests, which is the same attempt once more.
    assert [attempt for attempt, _ in groupby(failed, key=lambda test: test["attempt"])] == [1, 2]
    assert {len(test["earlier"]) for test in failed if test["attempt"] == 2} == {1}
    assert "test of virtual-f746-0: attempt 1 of 2 ended with no-board: " in ran.stderr
    assert "virtual-f746-0 is set aside." in ran.stderr
    assert "The unit virtual-f746-0 of virtual-f746 was set aside: " in place.report("two")


def test_where_no_unit_is_left_runs_are_blocked_and_the_next_run_makes_up_for_them(place: Workplace) -> None:
    _break(place, 0, 1)
    ran = place.doit("matrix", "two", "--attempts", "1")
    assert ran.returncode == 6, ran.stdout + ran.stderr
    assert ran.stdout.count("BLOCKED: every unit of virtual-f746 was set aside (virtual-f746-") == 2
    statuses = {json.loads(path.read_bytes())["status"] for path in place.records("two")}
    assert statuses == {"blocked"}
    report = place.report("two")
    assert report.count("| blocked |") == 2
    assert "blocked: every unit of virtual-f746 was set aside" in report
    plan = place.doit("plan", "two")
    assert plan.stdout.count("run, blocked the last time") == 2
    assert place.doit("verify", "two").returncode == 0
    shutil.rmtree(place.root / "build" / "boards")
    again = place.doit("matrix", "two")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("fault", ["fail_erase", "no_core"])
def test_a_unit_that_recovers_passes_its_second_test_and_no_variant_suffers(
    place: Workplace, fault: str
) -> None:
    """The fault goes away with the first time that the board is switched off."""
    ran = place.doit("matrix", "two", VSTM32_FAULTS=json.dumps({fault: True}))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {json.loads(path.read_bytes())["attempt"] for path in place.records("two")} == {1}
    assert any(test["flaky"] for test in _tests(place))
    assert "passed its test in attempt 2 only" in place.report("two")


def test_a_test_that_somebody_changed_is_named_and_not_believed(place: Workplace) -> None:
    assert place.doit("matrix", "two").returncode == 0
    folder = place.root / "results" / "two" / "health"
    records = sorted(folder.rglob("*.json"))
    for record in records:
        record.write_text(record.read_text().replace('"attempt": 1', '"attempt": 3'))
    verified = place.doit("verify", "two")
    assert verified.returncode == 3
    assert all(record.name in verified.stdout for record in records)
    shutil.rmtree(place.root / "results" / "two" / "records")
    ran = place.doit("matrix", "two")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " drifts: its history cannot be believed: " in ran.stderr
    assert " drifts: its history cannot be believed: " in place.report("two")


def test_without_tests_nothing_is_tested(place: Workplace) -> None:
    place.write_matrix("untested", TWO_VARIANTS)
    ran = place.doit("matrix", "untested")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not (place.root / "results" / "untested" / "health").exists()
    assert "Tests of the boards" not in place.report("untested")


def test_where_the_image_that_tests_cannot_be_built_units_are_used_untested_and_that_is_said(
    make_workplace: MakeWorkplace,
) -> None:
    place = make_workplace()
    # What tests has the simd kernels; the variants have the others.
    place.write_matrix("plain", TESTED.replace("simd", "reference"))
    for source in (place.root / "firmware/runtime/builtin/kernels/simd").glob("*.c"):
        source.write_text("#error broken on purpose\n")
    ran = place.doit("matrix", "plain", "--select", "clock=216MHz")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr.count("The units of virtual-f746 are not tested, because the image for it fails: ") == 1
    assert len(place.records("plain")) == 1
    assert not (place.root / "results" / "plain" / "health").exists()
