"""Virtual boards that run find their way into a folder, and out of it, however they end."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vstm32.app import running
from vstm32.app.running import RunningBoard, announce, boards_folder, running_boards
from vstm32.base.errors import VirtualBoardError

BOARD = RunningBoard(
    uid="VB0123456789ABCDEF01234567",
    pid=os.getpid(),
    debug_port=40_001,
    serial_port="/dev/pts/7",
    control_port="/run/boards/VB0123456789ABCDEF01234567.control",
    name="lab-0",
    part="STM32F746NG",
    target="stm32f746xg",
)
OTHER = replace(BOARD, uid="VBFEDCBA9876543210FEDCBA98", debug_port=40_003)

LOOKER = """
import sys
from pathlib import Path
from vstm32.app.running import running_boards
for _ in range(200):
    assert running_boards(Path(sys.argv[1]))
"""
ANNOUNCER = """
import os, sys
from vstm32.app.running import RunningBoard, announce
with announce(RunningBoard("VBDEAD", os.getpid(), 1, "", "/run/control", "", "STM32", "stm32")):
    print("announced", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "vboards"


@pytest.fixture
def process(folder: Path) -> "subprocess.Popen[str]":
    """A process that has announced the board VBDEAD and goes on until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", ANNOUNCER],
        env={**os.environ, running.FOLDER_VARIABLE: str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as announcer:
        assert announcer.stdout
        assert announcer.stdout.readline() == "announced\n"
        yield announcer
        announcer.kill()


def test_boards_are_found_while_they_are_announced(folder):
    assert running_boards(folder) == []
    with announce(BOARD, folder):
        assert running_boards(folder) == [BOARD]
        with announce(OTHER, folder):
            assert running_boards(folder) == [BOARD, OTHER]
        assert running_boards(folder) == [BOARD]
    assert running_boards(folder) == []


def test_an_announcement_is_its_owners_alone(folder):
    with announce(BOARD, folder):
        assert (folder / f"{BOARD.uid}.json").stat().st_mode & 0o777 == 0o600


def test_nothing_of_a_board_is_left_behind(folder):
    with announce(BOARD, folder):
        assert sorted(path.name for path in folder.iterdir()) == [
            f"{BOARD.uid}.json",
            f"{BOARD.uid}.lock",
            "folder.lock",
        ]
    assert [path.name for path in folder.iterdir()] == ["folder.lock"]


def test_a_board_of_another_process_is_found(folder, process):
    (board,) = running_boards(folder)
    assert (board.uid, board.pid) == ("VBDEAD", process.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_board_whose_process_was_killed_is_not_there_and_its_files_are_removed(folder, process, number):
    process.send_signal(number)
    process.wait()
    assert (folder / "VBDEAD.json").exists()
    (folder / "VBDEAD.control").touch()
    assert running_boards(folder) == []
    assert [path.name for path in folder.iterdir()] == ["folder.lock"]


def test_the_uid_of_a_killed_board_is_free(folder, process):
    process.kill()
    process.wait()
    with announce(replace(BOARD, uid="VBDEAD"), folder):
        assert [board.pid for board in running_boards(folder)] == [os.getpid()]


def test_two_boards_with_one_uid_cannot_run(folder, process):
    refusal = f"The virtual board VBDEAD runs already, in process {process.pid}.\n"
    with pytest.raises(VirtualBoardError) as raised, announce(replace(BOARD, uid="VBDEAD"), folder):
        pass
    assert str(raised.value) == refusal + "  End that one, or use another board."
    assert [board.pid for board in running_boards(folder)] == [process.pid]


def test_two_boards_of_one_process_with_one_uid_cannot_run(folder):
    with announce(BOARD, folder):
        with pytest.raises(VirtualBoardError, match=f"runs already, in process {os.getpid()}"):
            announce(replace(BOARD, name="another"), folder).__enter__()
        assert running_boards(folder) == [BOARD]


def test_looking_is_not_taken_for_a_second_board(folder):
    with announce(BOARD, folder):
        lookers = [subprocess.Popen([sys.executable, "-c", LOOKER, str(folder)]) for _ in range(2)]
        while any(looker.poll() is None for looker in lookers):
            with announce(OTHER, folder):
                pass
        assert [looker.returncode for looker in lookers] == [0, 0]


@pytest.mark.parametrize("uid", ["", "../VB01", "VB 01", "VB/01", "VB.01", "V" * 65, "VB01\n", "VBÄ"])
def test_a_uid_that_is_no_name_for_a_file_is_refused(folder, uid):
    with pytest.raises(VirtualBoardError) as raised, announce(replace(BOARD, uid=uid), folder):
        pass
    assert str(raised.value) == (
        f"{uid!r} is no uid for a virtual board.\n  A uid is 1 to 64 letters and digits."
    )
    assert not folder.exists()


def test_the_folder_is_for_its_user_alone(folder):
    with announce(BOARD, folder):
        modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, folder / f"{BOARD.uid}.lock")}
    assert modes == {"vboards": 0o700, f"{BOARD.uid}.lock": 0o600}


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"uid": 1}', '{"more": 1}'])
def test_an_announcement_that_cannot_be_read_hides_no_other(folder, content):
    with announce(BOARD, folder), announce(OTHER, folder):
        entry = folder / f"{OTHER.uid}.json"
        entry.write_text(content)
        assert running_boards(folder) == [BOARD]


def test_a_file_without_a_process_is_removed(folder):
    folder.mkdir(parents=True)
    (folder / "VBOLD.json").write_text(json.dumps({"uid": "VBOLD"}))
    assert running_boards(folder) == []
    assert not (folder / "VBOLD.json").exists()


def test_a_folder_that_vanishes_ends_no_board(folder):
    with announce(BOARD, folder):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    assert running_boards(folder) == []


@pytest.mark.parametrize("look", [running_boards, lambda folder: announce(BOARD, folder).__enter__()])
def test_a_folder_of_somebody_else_is_refused(folder, monkeypatch, look):
    folder.mkdir(parents=True)
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    with pytest.raises(VirtualBoardError) as raised:
        look(folder)
    assert str(raised.value) == (
        f"{folder} is to have the virtual boards that run, and belongs to user {os.geteuid()}, "
        f"not to user {os.geteuid() + 1}.\n  Remove it, or name another folder in VSTM32_BOARDS."
    )


@pytest.mark.parametrize("look", [running_boards, lambda folder: announce(BOARD, folder).__enter__()])
def test_a_link_to_a_folder_is_refused(folder, look):
    folder.parent.mkdir()
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")
    with pytest.raises(VirtualBoardError, match="and is no folder"):
        look(folder)


def test_a_file_in_the_place_of_the_folder_is_an_error_in_a_sentence(folder):
    folder.parent.mkdir()
    folder.touch()
    with pytest.raises(VirtualBoardError) as raised:
        announce(BOARD, folder).__enter__()
    assert str(raised.value) == (
        f"The folder {folder} for virtual boards that run cannot be used: File exists.\n"
        "  Name another one in VSTM32_BOARDS."
    )


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"VSTM32_BOARDS": "/srv/boards", "XDG_RUNTIME_DIR": "/run/user/7"}, "/srv/boards"),
        ({"VSTM32_BOARDS": "", "XDG_RUNTIME_DIR": "/run/user/7"}, "/run/user/7/vstm32/boards"),
        ({"XDG_RUNTIME_DIR": "run"}, f"/tmp/vstm32-{os.getuid()}/boards"),
        ({}, f"/tmp/vstm32-{os.getuid()}/boards"),
    ],
)
def test_where_the_folder_is(environment, folder):
    assert boards_folder(environment) == Path(folder)


def test_the_folder_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("VSTM32_BOARDS", str(tmp_path / "named"))
    with announce(BOARD):
        assert (tmp_path / "named" / f"{BOARD.uid}.json").exists()
        assert running_boards() == [BOARD]
