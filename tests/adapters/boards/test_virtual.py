"""The virtual board behind the port that every board has: a program, started when it is needed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcumatrix.adapters.boards import machine
from mcumatrix.adapters.boards.virtual import TakenVirtualBoard, VirtualBoard
from mcumatrix.adapters.consoles.serial_port import SerialPort
from mcumatrix.errors import BoardError, LockedError, StoppedError, ToolError
from mcumatrix.locking import held
from mcumatrix.model.catalogue import Board, BoardKind, TimingModel, Unit
from vstm32.app import control
from vstm32.app.control import ask
from vstm32.app.running import RunningBoard, running_boards
from vstm32.board.identity import identity
from vstm32.board.options import BoardOptions
from vstm32.chips import chips

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSTM32_BOARDS", str(tmp_path / "running"))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., VirtualBoard]]:
    """make(count, **of_its_entry) gives a board with so many units; all are ended with the test."""
    made: list[VirtualBoard] = []

    def board(
        count: int = 1,
        stop: threading.Event | None = None,
        target: str = "stm32f746xg",
        **entry_values: Any,
    ) -> VirtualBoard:
        units = (Unit(),) * count
        entry = Board("virtual", BoardKind.VIRTUAL, "stm32f746g_disco", target, units, **entry_values)
        made.append(
            VirtualBoard(entry, tmp_path / "boards", wait=False, say=print, stop=stop or threading.Event())
        )
        return made[-1]

    yield board
    for each in made:
        each.close()


def _running(taken: TakenVirtualBoard) -> RunningBoard:
    (found,) = [board for board in running_boards() if f"vboard:{board.uid}" == taken.probe]
    return found


def _ends(pid: int) -> bool:
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def _chip_with(model: TimingModel) -> str:
    """The first chip that a timing model is for."""
    return next(chip.name for chip in chips() if model in chip.expected_errors)


@pytest.mark.parametrize("model", TimingModel)
def test_it_says_that_it_is_virtual_and_how_it_makes_cycles(make, model) -> None:
    virtual = make(timing_model=model, target=_chip_with(model))
    with virtual.take() as board:
        assert (board.kind, board.timing_model) == (BoardKind.VIRTUAL, model)
        assert board.expected_error == BoardOptions(chip=_chip_with(model), timing=model).expected_error
        assert ask(_running(board).control_port, "status")["timing_model"] == model


@pytest.mark.parametrize("model", TimingModel)
def test_results_depend_on_what_makes_the_cycles_of_its_timing_model(make, model) -> None:
    chip = _chip_with(model)
    assert make(timing_model=model, target=chip).identity() == identity(model, chip)


def test_a_taken_board_runs_and_can_be_reached(make) -> None:
    with make().take() as board:
        found = _running(board)
        assert found.name == "virtual-0"
        assert found.serial_port == board.serial_port
        with SerialPort(board.serial_port, 115_200) as port:
            assert port.read(0.0) == b""


def test_a_board_without_a_firmware_explains_why_it_is_silent(make) -> None:
    with make().take() as board:
        give_up_at = time.monotonic() + PATIENCE_S
        while "Lockup" not in board.fault() and time.monotonic() < give_up_at:
            time.sleep(0.01)
        assert "The reset vector at 0x00200004 is 0xffffffff" in board.fault()


def test_a_board_that_is_taken_again_is_the_same_program_and_was_off_meanwhile(make) -> None:
    board = make()
    with board.take() as first:
        found = _running(first)
    assert ask(found.control_port, "status")["powered"] is False
    with board.take() as second:
        assert _running(second).pid == found.pid
        assert ask(found.control_port, "status")["powered"] is True


def test_each_user_has_a_unit_of_its_own(make) -> None:
    board = make(2)
    with board.take() as one, board.take() as other:
        assert one.probe != other.probe
        assert one.serial_port != other.serial_port


def test_a_unit_keeps_its_unique_id_when_its_program_ends(make) -> None:
    board = make()
    with board.take() as taken:
        first = taken.probe
    board.close()
    with make().take() as taken:
        assert taken.probe == first


def test_a_program_that_was_killed_is_started_anew(make) -> None:
    board = make()
    with board.take() as taken:
        pid = _running(taken).pid
        os.kill(pid, signal.SIGKILL)
        assert "does not answer" in taken.fault() or "hung up" in taken.fault()
    with board.take() as taken:
        assert _running(taken).pid != pid


def test_a_program_that_does_not_answer_any_more_is_replaced(make, monkeypatch) -> None:
    board = make()
    with board.take() as taken:
        hung = _running(taken)

    def hurried(port: str, do: str, **arguments: object) -> dict[str, Any]:
        # The one that takes its place may take its time.
        with pytest.MonkeyPatch.context() as patched:
            if port == hung.control_port:
                patched.setattr(control, "ANSWER_TIMEOUT_S", 0.2)
            return ask(port, do, **arguments)

    monkeypatch.setattr(machine, "ask", hurried)
    monkeypatch.setattr(machine, "END_TIMEOUT_S", 0.2)
    os.kill(hung.pid, signal.SIGSTOP)
    with board.take() as again:
        assert _running(again).pid != hung.pid
    assert _ends(hung.pid)


def test_closing_ends_all_programs(make) -> None:
    board = make(2)
    with board.take() as one, board.take() as other:
        pids = [_running(taken).pid for taken in (one, other)]
    board.close()
    assert all(_ends(pid) for pid in pids)
    assert running_boards() == []


def test_no_program_outlives_a_user_that_is_killed(tmp_path: Path) -> None:
    script = """
import os, sys, threading
from pathlib import Path
from mcumatrix.adapters.boards.virtual import VirtualBoard
from mcumatrix.model.catalogue import Board, BoardKind, Unit
entry = Board("virtual", BoardKind.VIRTUAL, "x", "stm32f746xg", (Unit(),))
board = VirtualBoard(entry, Path(sys.argv[1]), wait=False, say=print, stop=threading.Event())
with board.take():
    print("taken", flush=True)
    threading.Event().wait()
"""
    user = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "boards")], stdout=subprocess.PIPE, text=True
    )
    assert user.stdout
    assert user.stdout.readline() == "taken\n"
    (found,) = running_boards()
    user.kill()
    user.wait()
    user.stdout.close()
    assert _ends(found.pid)
    assert running_boards() == []


def test_a_board_of_another_process_is_refused_with_who_has_it(make, tmp_path: Path) -> None:
    folder = tmp_path / "boards" / "virtual-0"
    folder.mkdir(parents=True)
    with held(folder / "lock", "it", wait=False, say=print), pytest.raises(LockedError) as error:
        make().take().__enter__()
    assert error.value.message.startswith("the virtual board virtual-0 is in use: process ")


def test_a_flash_file_that_is_something_else_is_said_with_what_to_do(make, tmp_path: Path) -> None:
    folder = tmp_path / "boards" / "virtual-0"
    folder.mkdir(parents=True)
    (folder / "flash.bin").write_bytes(b"x")
    with pytest.raises(BoardError) as error:
        make().take().__enter__()
    assert str(error.value) == (
        f"The virtual board does not start: {folder / 'flash.bin'} has 1 bytes and not the 1048576 of the "
        "flash of an STM32F746NG.\n  Name another file, or remove this one to begin with erased flash.\n"
        f"  Try it by hand: python -m vstm32 --chip stm32f746xg --folder {folder}"
    )


def test_nobody_starts_a_board_when_everything_is_to_end(make) -> None:
    stop = threading.Event()
    board = make(stop=stop)
    stop.set()
    with pytest.raises(StoppedError):
        board.take().__enter__()


def test_a_target_that_no_virtual_chip_has_is_said_with_those_that_there_are(tmp_path: Path) -> None:
    entry = Board("lab", BoardKind.VIRTUAL, "x", "stm32f999zz", (Unit(),))
    with pytest.raises(ToolError) as error:
        VirtualBoard(entry, tmp_path, wait=False, say=print, stop=threading.Event())
    assert error.value.message == (
        "The board lab cannot be had: There is no virtual board with a chip 'stm32f999zz'."
    )
    assert error.value.hint.startswith("There are stm32")
    assert error.value.hint.endswith("The board's file names it as `target`.")
