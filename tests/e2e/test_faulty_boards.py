"""A board that fails costs its variant, with a status and a sentence, and nobody else anything."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from e2e.conftest import MakeWorkplace, Workplace
from mcumatrix.locking import held
from support.processes import programs_below

ONE_UNIT = """\
kind: virtual
firmware_board: stm32f746g_disco
target: stm32f746xg
count: 1
health: off
timeouts: {boot: 5 s}
"""

FAULTS = {
    "no_core": (True, "no-core", "no core was discovered behind the probe vboard:VB"),
    "flip_byte": (0x0800_1234, "verify-mismatch", "flash holds 0x"),
    "drop_link_after": (150_000, "disconnected", "the link to the board broke, through the probe vboard:VB"),
    "silent": (True, "timeout", "the board sent 0 bytes in 5 s and not the end of its first words"),
}
"""One for each phase of a run; all of them are in tests/adapters/flashers/pyocd/test_flasher.py."""


@pytest.fixture(scope="module")
def place(make_workplace: MakeWorkplace) -> Workplace:
    """A project with one virtual board, and both images of the matrix built."""
    made = make_workplace()
    (made.root / "matrix" / "boards" / "virtual-f746.yaml").write_text(ONE_UNIT)
    return made


@pytest.fixture(autouse=True)
def anew(place: Workplace) -> None:
    """Nothing was run, and nothing is on the board."""
    for folder in ("results/two", "build/boards"):
        shutil.rmtree(place.root / folder, ignore_errors=True)


def _statuses(place: Workplace) -> list[tuple[str, str]]:
    """How the runs of the matrix ended, and why."""
    read = [json.loads(path.read_bytes()) for path in place.records("two")]
    return [(record["status"], record["reason"]) for record in read]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_result_of_its_variant_and_the_board_goes_on(place: Workplace, fault: str) -> None:
    value, status, reason = FAULTS[fault]
    ran = place.doit("matrix", "two", "--attempts", "1", VSTM32_FAULTS=json.dumps({fault: value}))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    # The other variant is measured on the same board, which is healed.
    [said] = [said for found, said in _statuses(place) if found == status]
    assert sorted(found for found, _ in _statuses(place)) == sorted([status, "ok"])
    assert said.startswith(reason)
    report = place.report("two")
    assert "1 of 2 variants have times. **This report is not complete.**" in report
    assert f"| failed: infrastructure, {status} |" in report
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_pass_after_a_retry_is_flaky_and_all_attempts_are_kept(place: Workplace) -> None:
    ran = place.doit("matrix", "two", VSTM32_FAULTS=json.dumps({"fail_erase": True}))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    records = {path.stem: json.loads(path.read_bytes()) for path in place.records("two")}
    assert len(records) == 3
    [(name, first)] = [(name, record) for name, record in records.items() if record["status"] != "ok"]
    [flaky] = [record for record in records.values() if record["flaky"]]
    assert (first["status"], first["cause"], first["attempt"]) == ("erase-error", "infrastructure", 1)
    assert (flaky["status"], flaky["attempt"], flaky["earlier"]) == ("ok", 2, [name])
    assert all(
        (place.root / "results/two/records" / r["variant"] / r["log"]).is_file() for r in records.values()
    )
    slug = flaky["variant"]
    assert (
        f"run:{slug}: attempt 1 of 3 ended with erase-error: erasing flash at 0x08000000 failed: "
        in ran.stderr
    )
    assert "correct, flaky: passed only in attempt 2" in ran.stdout
    report = place.report("two")
    assert "| correct, flaky |" in report
    assert (
        "is flaky: it passed in attempt 2 only; board, probe or serial line spoiled those before, see"
        in report
    )


@pytest.mark.parametrize("attempts", ["0", "21", "many"])
def test_a_number_of_attempts_that_is_none_is_exit_code_2(place: Workplace, attempts: str) -> None:
    ran = place.doit("matrix", "two", f"--attempts={attempts}")
    assert ran.returncode == 2
    assert ran.stderr == (
        f"error: {attempts!r} is no number of attempts\n  Write one between 1 and 20: --attempts 3\n"
    )


def test_a_board_that_does_not_start_is_tried_again_and_all_attempts_are_kept(place: Workplace) -> None:
    ran = place.doit("matrix", "two", "--attempts", "2", VSTM32_FAULTS='{"slient": true}')
    assert ran.returncode == 1, ran.stdout + ran.stderr
    why = "The virtual board does not start: The virtual board has no fault 'slient'."
    records = [json.loads(path.read_bytes()) for path in place.records("two")]
    assert sorted((record["status"], record["attempt"]) for record in records) == [
        ("no-board", 1),
        ("no-board", 1),
        ("no-board", 2),
        ("no-board", 2),
    ]
    assert all(record["reason"].startswith(why) for record in records)
    assert all(record["cause"] == "infrastructure" for record in records)
    assert ran.stderr.count("attempt 1 of 2 ended with no-board: ") == 2
    assert f"infrastructure, no-board: {why}" in place.report("two")
    # It is tried again by the next run, on a board that starts.
    again = place.doit("matrix", "two")
    assert again.returncode == 0, again.stdout + again.stderr


def _locked(place: Workplace) -> contextlib.AbstractContextManager[None]:
    return held(place.root / "build" / "boards" / "virtual-f746-0" / "lock", "it", wait=False, say=print)


def test_a_board_in_use_is_refused_at_once_where_nobody_wants_to_wait(place: Workplace) -> None:
    with _locked(place):
        ran = place.doit("matrix", "two", "--no-wait")
    assert ran.returncode == 4, ran.stdout + ran.stderr
    # Each variant says so when it is its turn, and in the report.
    assert ran.stdout.count("the virtual board virtual-f746-0 is in use: process ") == 4
    assert place.records("two") == []


def test_a_board_in_use_is_waited_for_and_it_is_said_for_whom(place: Workplace) -> None:
    with _locked(place):
        process = subprocess.Popen(
            place.command("matrix", "two"),
            cwd=place.root,
            env=place.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        said = process.stderr.readline()
        assert said.startswith(f"Waiting for the virtual board virtual-f746-0: process {os.getpid()} of ")
        assert process.poll() is None
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert [status for status, _ in _statuses(place)] == ["ok", "ok"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_ended_in_the_middle_of_flashing_leaves_no_program_and_goes_on(
    place: Workplace, how: signal.Signals
) -> None:
    process = subprocess.Popen(
        place.command("matrix", "two"),
        cwd=place.root,
        env=place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    flash = place.root / "build" / "boards" / "virtual-f746-0" / "flash.bin"
    give_up_at = time.monotonic() + 120
    while not flash.exists() or flash.read_bytes()[:4] in (b"", b"\xff" * 4):
        assert process.poll() is None
        assert time.monotonic() < give_up_at
        time.sleep(0.002)
    process.send_signal(how)
    assert process.wait(60) == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    while programs_below(place.root):
        assert time.monotonic() < give_up_at, "a virtual board was left behind"
        time.sleep(0.02)
    again = place.doit("matrix", "two")
    assert again.returncode == 0, again.stdout + again.stderr
    assert [status for status, _ in _statuses(place)] == ["ok", "ok"]
