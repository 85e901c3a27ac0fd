"""Places of a real coordinator and exporter: had alone, released on every way out, never taken away."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path
from socket import gethostname

import pytest

from mcumatrix.adapters.boards.labgrid.board import LabgridBoard
from mcumatrix.errors import LockedError
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from support.labgrid import OTHERS, PATIENCE_S, PLACE, Lab

US, THEM = f"{gethostname()}/{getuser()}", "lab2/anna"
"""What the coordinator calls this machine's user, and another one."""

HOLDS = """
import sys, time
from pathlib import Path
from mcumatrix.cli.current import end_with_signals
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.registry.boards import Boards
end_with_signals()
units = (Unit(place=sys.argv[2]),)
entry = Board("lab", BoardKind.REAL, "b", "x", units, adapter="labgrid", coordinator=sys.argv[1])
boards = Boards(Path(), wait=False, say=print)
try:
    with boards.get(entry).take():
        print("taken", flush=True)
        time.sleep(600)
finally:
    boards.close()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSTM32_BOARDS", str(tmp_path_factory.mktemp("running")))
        with Lab(tmp_path_factory.mktemp("lab")) as made:
            for name, value in made.environment.items():
                patch.setenv(name, value)
            yield made


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def board(
    lab: Lab, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LabgridBoard]:
    """One that waits for its place."""
    monkeypatch.setenv("MCUMATRIX_LOCKS", str(tmp_path))
    units = (Unit(place=PLACE),)
    entry = Board("lab", BoardKind.REAL, "b", "stm32f746xg", units, coordinator=lab.coordinator)
    made = LabgridBoard(entry, wait=True, say=said.append, stop=threading.Event())
    yield made
    made.close()


def test_a_place_is_ours_while_it_is_taken_and_tells_what_belongs_to_it(
    board: LabgridBoard, lab: Lab, said: list[str]
) -> None:
    with board.take() as taken:
        assert lab.has_been_had_by(US)
        assert (taken.unit, taken.kind, taken.timing_model, taken.fault()) == (PLACE, BoardKind.REAL, "", "")
        assert taken.serial_port == lab.serial.url
        assert taken.probe == f"remote:127.0.0.1:{lab.board.description.debug_port}"
        taken.recover()
        assert lab.switched == [False, True]
    assert lab.has_been_had_by(US, "None")
    assert said == []


def test_a_place_that_somebody_else_has_is_waited_for(board: LabgridBoard, lab: Lab, said: list[str]) -> None:
    lab.client("acquire", environment=OTHERS)

    def release() -> None:
        lab.wait_until(lambda: bool(said))
        lab.client("release-from", THEM)

    releasing = threading.Thread(target=release)
    releasing.start()
    with board.take():
        releasing.join()
        assert lab.has_been_had_by(THEM, "None", US)
    assert said == [f"Waiting for the place {PLACE} of labgrid at {lab.coordinator}: {THEM} has it."]


def _ended_by(number: signal.Signals, lab: Lab) -> int:
    """Ends a process that has the place by a signal; its exit code."""
    command = [sys.executable, "-c", HOLDS, lab.coordinator, PLACE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        assert process.stdout.readline() == b"taken\n"
        process.send_signal(number)
        return process.wait(PATIENCE_S)


def test_who_is_told_to_end_releases_what_is_theirs(board: LabgridBoard, lab: Lab) -> None:
    assert _ended_by(signal.SIGTERM, lab) != 0
    assert lab.has_been_had_by(US, "None")


def test_what_a_killed_process_has_left_is_named_with_what_releases_it_and_not_waited_for(
    board: LabgridBoard, lab: Lab
) -> None:
    assert _ended_by(signal.SIGKILL, lab) == -signal.SIGKILL
    assert lab.has_been_had_by(US)
    by_hand = f"labgrid-client -x {lab.coordinator} -p {PLACE} release"
    with pytest.raises(LockedError) as error:
        board.take().__enter__()
    assert str(error.value) == (
        f"the place {PLACE} of labgrid at {lab.coordinator} is in use: {US} has it, and no run of mcumatrix "
        "on this machine: a run that was killed has left it so, or somebody has acquired it by hand.\n"
        f"  If nobody needs it any more: {by_hand}"
    )
    lab.client(*by_hand.split()[5:])
    assert lab.has_been_had_by("None")


def test_a_place_is_released_at_a_coordinator_that_starts_anew(
    board: LabgridBoard, lab: Lab, said: list[str]
) -> None:
    """The last test of its lab: the exporter is not started again."""
    with board.take():
        lab.stop()
        anew = threading.Timer(0.5, lab.start)
        anew.start()
    anew.join()
    assert said == []
    assert "acquired: None" in lab.client("show")
