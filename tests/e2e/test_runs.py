"""Several runs of each variant, in the order that a matrix says, and what of them is left after a kill."""

import json
import os
import shutil
import signal
import subprocess
import time
from typing import Any

import pytest

from e2e.conftest import TWO_VARIANTS, MakeWorkplace, Workplace

RUNS = TWO_VARIANTS.replace("repeat: 2", "repeat: 1") + "runs: 3\n"


@pytest.fixture(scope="module")
def place(make_workplace: MakeWorkplace) -> Workplace:
    """A project with both images built."""
    return make_workplace()


def _kept(place: Workplace, matrix: str) -> list[dict[str, Any]]:
    """The records of a matrix, in the order in which they were kept."""
    folder = place.root / "results" / matrix / "records"
    names = [json.loads(line)["record"] for line in (folder / "chain.jsonl").read_text().splitlines()]
    return [json.loads((folder / name).read_bytes()) for name in names]


def _runs(place: Workplace, matrix: str) -> list[tuple[str, int]]:
    return [(record["axes"]["clock"], record["slot"]["run"]) for record in _kept(place, matrix)]


def test_each_run_is_kept_and_the_report_has_all_of_them(place: Workplace) -> None:
    place.write_matrix("runs", RUNS)
    ran = place.doit("matrix", "runs")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sorted(_runs(place, "runs")) == [
        (clock, run) for clock in ("216 MHz", "288 MHz") for run in (1, 2, 3)
    ]
    report = place.report("runs")
    assert "Medians of 3 runs of 1 repeat." in report
    assert "## Runs" in report
    assert "differ, and it is deterministic" not in report
    for command in ("verify", "replay", "report"):
        done = place.doit(command, "runs")
        assert done.returncode == 0, done.stdout + done.stderr
    assert place.doit("replay", "runs").stdout.count("the same, byte for byte") >= 6
    # Nothing is left: neither by the plan nor by another run.
    assert place.doit("plan", "runs").stdout.count("nothing") == 2
    before = _kept(place, "runs")
    assert place.doit("matrix", "runs").returncode == 0
    assert _kept(place, "runs") == before


def test_more_runs_add_to_those_that_are_there_and_fewer_leave_some_out(place: Workplace) -> None:
    place.write_matrix("more", RUNS.replace("runs: 3", "runs: 1"))
    assert place.doit("matrix", "more").returncode == 0
    first = _kept(place, "more")
    place.write_matrix("more", RUNS.replace("runs: 3", "runs: 2"))
    assert "1 of 2 runs" in place.doit("plan", "more").stdout
    assert place.doit("matrix", "more").returncode == 0
    assert _kept(place, "more")[: len(first)] == first
    assert sorted(run for _, run in _runs(place, "more")) == [1, 1, 2, 2]
    place.write_matrix("more", RUNS.replace("runs: 3", "runs: 1"))
    again = place.doit("matrix", "more")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Medians of 1 repeat." in place.report("more")
    assert len(_kept(place, "more")) == 4


def test_runs_are_begun_in_the_order_that_is_asked_for_and_say_which_it_was(place: Workplace) -> None:
    # One after the other, so that the order is that of the chain.
    place.write_matrix("robin", RUNS + "order: round-robin\n")
    ran = place.doit("matrix", "robin", "-n", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert _runs(place, "robin") == [(clock, run) for run in (1, 2, 3) for clock in ("216 MHz", "288 MHz")]
    assert {record["order"] for record in _kept(place, "robin")} == {"round-robin"}
    orders = []
    for name, seed in (("random1", 1), ("random2", 1), ("random3", 2)):
        place.write_matrix(name, RUNS + f"order: random\nseed: {seed}\n")
        assert place.doit("matrix", name, "-n", "1").returncode == 0
        assert {record["order"] for record in _kept(place, name)} == {f"random, seed {seed}"}
        orders.append(_runs(place, name))
    assert orders[0] == orders[1] != orders[2]


def test_the_reference_is_run_at_start_in_the_middle_and_at_the_end(place: Workplace) -> None:
    reference = "drift: {reference: {clock: 288 MHz}}\n"
    place.write_matrix("drift", RUNS + "order: round-robin\n" + reference)
    ran = place.doit("matrix", "drift")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    moments = [record["slot"]["moment"] for record in _kept(place, "drift")]
    assert [moments[0], moments[4], moments[8]] == ["start", "middle", "end"]
    assert len(moments) == 9
    report = place.report("drift")
    assert "## Drift" in report
    assert "drifted by" not in report
    again = place.doit("matrix", "drift")
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(_kept(place, "drift")) == 9


def test_after_a_kill_in_the_middle_only_what_is_missing_is_run(place: Workplace) -> None:
    place.write_matrix("killed", RUNS.replace("repeat: 1", "repeat: 20"))
    shutil.rmtree(place.root / "results" / "killed", ignore_errors=True)
    process = subprocess.Popen(
        place.command("matrix", "killed"),
        cwd=place.root,
        env=place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    chain = place.root / "results" / "killed" / "records" / "chain.jsonl"
    give_up_at = time.monotonic() + 120
    while not chain.exists() or chain.read_bytes().count(b"\n") < 2:
        assert process.poll() is None
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # What was there when it was killed is reported as it is. One that was kept and had no name yet gets it
    # first: it is in the chain, and no file has its name until somebody reads it.
    reported = place.doit("report", "killed")
    before = _kept(place, "killed")
    assert 2 <= len(before) < 6, reported.stdout + reported.stderr
    assert "This report is not complete." in reported.stdout
    assert "was not run yet" in reported.stdout
    ran = place.doit("matrix", "killed")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    after = _kept(place, "killed")
    assert after[: len(before)] == before
    assert sorted(_runs(place, "killed")) == [
        (clock, run) for clock in ("216 MHz", "288 MHz") for run in (1, 2, 3)
    ]


def test_a_run_that_somebody_changed_is_named_whichever_it_is(place: Workplace) -> None:
    place.write_matrix("changed", RUNS.replace("runs: 3", "runs: 2"))
    assert place.doit("matrix", "changed").returncode == 0
    [second, _] = sorted(place.root.glob("results/changed/records/*/*.run2.json"))
    second.write_text(second.read_text().replace('"warmup": 1', '"warmup": 2'))
    for command in ("verify", "report", "matrix"):
        done = place.doit(command, "changed")
        assert done.returncode == 3, (command, done.stdout, done.stderr)
        assert second.name in done.stdout + done.stderr


def test_the_runs_of_an_archive_are_verified_too(place: Workplace) -> None:
    place.write_matrix("archived", RUNS.replace("runs: 3", "runs: 2"))
    assert place.doit("matrix", "archived").returncode == 0
    assert place.doit("archive", "archived").returncode == 0
    done = place.doit("verify", "archived.tar.gz")
    assert done.returncode == 0, done.stdout + done.stderr
