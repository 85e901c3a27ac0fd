"""Boards, their flashers, and what is attached."""

import os
from pathlib import Path

import pytest

from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher
from mcumatrix.errors import MatrixError
from mcumatrix.model.attached import AttachedProbe, RunningVirtualBoard
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.registry.boards import Boards
from mcumatrix.registry.boards import attached as attached_here
from mcumatrix.registry.flashers import FLASHERS, flasher
from vstm32.app import running
from vstm32.app.running import RunningBoard, announce


def _board(flasher: str, kind: BoardKind = BoardKind.REAL) -> Board:
    return Board(
        "lab", kind, "stm32f746g_disco", "stm32f746xg", (Unit("P1", "/dev/ttyUSB0"),), flasher=flasher
    )


def test_a_board_is_flashed_with_what_its_file_names() -> None:
    assert isinstance(flasher(_board("pyocd")), PyocdFlasher)


@pytest.mark.parametrize("kind", BoardKind)
def test_a_flasher_that_nobody_knows_is_said_when_the_work_is_planned(
    kind: BoardKind, tmp_path: Path
) -> None:
    boards = Boards(tmp_path, wait=False, say=print)
    with pytest.raises(MatrixError) as error:
        boards.get(_board("pyOCD2", kind))
    assert str(error.value) == (
        "the board lab names the flasher adapter 'pyOCD2', and there is none\n  Did you mean 'pyocd'?"
    )


def test_the_probes_of_every_flasher_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def attached(self) -> tuple[AttachedProbe, ...]:
            return (AttachedProbe("J42", "another probe"),) * 2

    monkeypatch.setitem(FLASHERS, "other", Other)
    probes = attached_here((), [_board("other")]).probes
    assert [probe.uid for probe in probes].count("J42") == 1
    assert all(probe.uid != "J42" for probe in attached_here().probes)


@pytest.fixture
def vboards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which virtual boards announce themselves; it is not there yet."""
    folder = tmp_path / "vboards"
    monkeypatch.setenv("VSTM32_BOARDS", str(folder))
    return folder


def test_a_virtual_board_that_runs_is_attached_and_no_probe_of_hardware(vboards: Path) -> None:
    assert attached_here().virtual_boards == ()
    board = RunningBoard(
        "VB00", os.getpid(), 1, "/dev/pts/3", "/run/control", "bench", "STM32F746NG", "stm32f746xg"
    )
    with announce(board):
        attached = attached_here()
    assert attached.virtual_boards == (RunningVirtualBoard("VB00", "bench", "/dev/pts/3", os.getpid()),)
    assert all(probe.uid != "VB00" for probe in attached.probes)


def test_a_virtual_board_that_starts_meanwhile_is_no_probe_of_hardware(
    vboards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = running.running_boards
    seen = [look()]
    monkeypatch.setattr(running, "running_boards", lambda: seen.pop() if seen else look())
    with announce(
        RunningBoard(
            "VB00", os.getpid(), 1, "/dev/pts/3", "/run/control", "bench", "STM32F746NG", "stm32f746xg"
        )
    ):
        attached = attached_here()
    assert not seen
    assert all(probe.uid != "VB00" for probe in attached.probes)


def test_virtual_boards_that_cannot_be_looked_at_are_a_problem_and_hide_nothing(vboards: Path) -> None:
    vboards.write_text("")
    attached = attached_here()
    assert attached.virtual_boards == ()
    (problem,) = (probe for probe in attached.probes if probe.description == "virtual boards")
    assert str(vboards) in problem.problem


def test_ports_that_are_asked_for_are_looked_at() -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    assert name in [port.device for port in attached_here([name]).ports]
    os.close(slave)
    os.close(master)
