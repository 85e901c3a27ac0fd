"""Real boards, as far as that can be seen without one: locks, probes that are there or not, power cycles."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from mcumatrix.adapters.boards.real import RealBoard
from mcumatrix.errors import FlashError, FlashFault, LockedError
from mcumatrix.locking import held, lock_name
from mcumatrix.model.catalogue import Board, BoardKind, Unit
from mcumatrix.model.current import EnergySetup

ENTRY = Board(
    "disco", BoardKind.REAL, "stm32f746g_disco", "stm32f746xg", (Unit("066BFF", "/dev/ttyACM0", ()),)
)


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MCUMATRIX_LOCKS", str(tmp_path))
    return tmp_path


def _board(
    unit: Unit | None = None, find: Callable[[str], str] = str, said: list[str] | None = None
) -> RealBoard:
    units = (unit,) if unit else ENTRY.units
    entry = Board(ENTRY.name, ENTRY.kind, ENTRY.firmware_board, ENTRY.target, units)
    return RealBoard(entry, find, wait=False, say=(said if said is not None else []).append, stop=Event())


def test_a_unit_has_its_probe_and_its_serial_port_and_no_timing_model() -> None:
    with _board().take() as taken:
        assert (taken.probe, taken.serial_port) == ("066BFF", "/dev/ttyACM0")
        assert (taken.kind, taken.timing_model, taken.fault()) == (BoardKind.REAL, "", "")
        assert taken.expected_error == ""


def test_a_file_without_a_probe_means_the_only_one_and_locks_that() -> None:
    with _board(Unit("", "/dev/ttyACM0"), find=lambda wanted: f"found{wanted}").take() as taken:
        assert taken.probe == "found"
        with pytest.raises(LockedError):
            _board(Unit("found", "/dev/ttyACM1")).take().__enter__()


@pytest.mark.parametrize(("kind", "name"), [("probe", "066BFF"), ("serial", "/dev/ttyACM0")])
def test_a_probe_or_port_that_somebody_else_uses_is_not_shared(locks: Path, kind: str, name: str) -> None:
    other = held(locks / lock_name(kind, name), "it", wait=False, say=print)
    with other, pytest.raises(LockedError) as error:
        _board().take().__enter__()
    what = "the probe 066BFF" if kind == "probe" else "the serial port /dev/ttyACM0"
    assert error.value.message.startswith(f"{what} is in use: process ")


def test_a_current_probe_is_of_one_board_at_a_time() -> None:
    first, second = (
        replace(
            ENTRY,
            name=name,
            units=(Unit(probe, port, ()),),
            energy=EnergySetup("ppk2", "/dev/ttyPPK", 3.3),
        )
        for name, probe, port in (("left", "066BFF", "/dev/ttyACM0"), ("right", "066C00", "/dev/ttyACM1"))
    )
    boards = [RealBoard(entry, str, wait=False, say=print, stop=Event()) for entry in (first, second)]
    with boards[0].take():
        with pytest.raises(LockedError) as error:
            boards[1].take().__enter__()
        assert error.value.message.startswith("the current probe at /dev/ttyPPK is in use: process ")
        # That of its debug probe was let go of again.
        with RealBoard(replace(second, energy=None), str, wait=False, say=print, stop=Event()).take():
            pass
    with boards[1].take() as taken:
        assert taken.probe == "066C00"


def test_a_probe_that_is_not_there_is_an_error_of_the_run() -> None:
    def find(wanted: str) -> str:
        raise FlashError("no debug probe is attached", fault=FlashFault.NO_PROBE)

    with pytest.raises(FlashError) as error:
        _board(find=find).take().__enter__()
    assert error.value.fault is FlashFault.NO_PROBE


def _recover(*command: str) -> list[str]:
    said: list[str] = []
    with _board(Unit("066BFF", "/dev/ttyACM0", command), said=said).take() as taken:
        taken.recover()
    return said


def test_a_power_cycle_is_run_as_it_is_written(tmp_path: Path) -> None:
    mark = tmp_path / "$HOME; mark"
    assert _recover(sys.executable, "-c", "import sys; open(sys.argv[1], 'w')", str(mark)) == []
    assert mark.exists()


def test_without_a_power_cycle_nothing_is_done() -> None:
    assert _recover() == []


def test_a_power_cycle_that_fails_is_said_with_its_last_word() -> None:
    said = _recover(sys.executable, "-c", "print('no hub at 1-1'); raise SystemExit(3)")
    assert said == [
        f"The power cycle `{sys.executable} -c print('no hub at 1-1'); raise SystemExit(3)` ended with 3: "
        "no hub at 1-1."
    ]


def test_a_power_cycle_that_is_not_there_is_said() -> None:
    assert _recover("/no/such/uhubctl") == [
        "The power cycle `/no/such/uhubctl` cannot be started: No such file or directory."
    ]


def test_results_of_silicon_depend_on_the_image_alone() -> None:
    assert _board().identity() == {}
