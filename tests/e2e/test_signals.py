"""Whatever signal ends a run, nothing that it started lives at the moment when it has ended."""

import shutil
import signal
import subprocess
import time

import pytest

from e2e.conftest import MakeWorkplace, Workplace
from support.processes import programs_below

MOMENTS = {
    "build": "build/libraries/*/output/build.log",
    "board that starts": "build/boards/*/board.log",
    "run": "build/boards/*/flash.bin",
}


def _start(place: Workplace, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        place.command(*command),
        cwd=place.root,
        env=place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(place: Workplace, moment: str, process: subprocess.Popen[str]) -> None:
    give_up_at = time.monotonic() + 120
    while not list(place.root.glob(MOMENTS[moment])):
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


@pytest.fixture(scope="module")
def place(make_workplace: MakeWorkplace) -> Workplace:
    """A project of which everything has been compiled once, so that ccache has it."""
    return make_workplace()


# Each signal at two moments, each moment with two signals: what ends a run is the same for all of them.
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "build"),
        (signal.SIGTERM, "build"),
        (signal.SIGHUP, "board that starts"),
        (signal.SIGINT, "board that starts"),
        (signal.SIGTERM, "run"),
        (signal.SIGHUP, "run"),
    ],
)
def test_at_the_moment_of_the_exit_neither_board_nor_compiler_lives(
    place: Workplace, number: signal.Signals, moment: str
) -> None:
    shutil.rmtree(place.root / "results" / "two", ignore_errors=True)
    shutil.rmtree(place.root / "build" / "boards", ignore_errors=True)
    if moment == "build":
        shutil.rmtree(place.root / "build" / "libraries")
    process = _start(place, "matrix", "two")
    _wait_for(place, moment, process)
    process.send_signal(number)
    code = process.wait(60)
    left = programs_below(place.root)
    assert left == []
    assert code == 130
    assert process.stderr
    said = process.stderr.read()
    assert said.endswith("\nInterrupted. What is done is kept; the next run goes on from there.\n")
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_tasks_that_doit_runs_by_itself_leave_nothing_behind_either(
    place: Workplace, number: signal.Signals
) -> None:
    shutil.rmtree(place.root / "results" / "two", ignore_errors=True)
    shutil.rmtree(place.root / "build" / "boards", ignore_errors=True)
    process = _start(place, "run", "matrix=two", "run")
    _wait_for(place, "run", process)
    process.send_signal(number)
    process.wait(60)
    assert programs_below(place.root) == []
    assert process.stderr
    process.stderr.close()


def test_a_second_signal_does_not_keep_boards_from_being_ended(place: Workplace) -> None:
    shutil.rmtree(place.root / "results" / "two", ignore_errors=True)
    shutil.rmtree(place.root / "build" / "boards", ignore_errors=True)
    process = _start(place, "matrix", "two")
    _wait_for(place, "run", process)
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
        time.sleep(0.01)
    assert process.wait(60) == 130
    assert programs_below(place.root) == []
    assert process.stderr
    process.stderr.close()
