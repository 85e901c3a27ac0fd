"""How long a virtual board is waited for, with programs in its place that take as long as a test wants."""

from pathlib import Path
from threading import Timer

import pytest

from mcumatrix.adapters.boards import machine
from mcumatrix.adapters.boards.machine import Machine
from mcumatrix.errors import BoardError
from vstm32.board.options import BoardOptions

READY = """print('{"uid": "VB0", "serial_port": "/dev/none", "control_port": 7}', flush=True)\n"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """program(source) is what `python -m vstm32` runs."""

    def put(source: str) -> None:
        (tmp_path / "fake" / "vstm32").mkdir(parents=True)
        (tmp_path / "fake" / "vstm32" / "__init__.py").touch()
        (tmp_path / "fake" / "vstm32" / "__main__.py").write_text(f"import sys, time\n{source}")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))

    return put


def _why_not(folder: Path) -> str:
    with pytest.raises(BoardError) as error:
        Machine(folder, BoardOptions(timing="instructions")).wait_until_ready()
    assert error.value.hint == f"Try it by hand: python -m vstm32 --chip stm32f746xg --folder {folder}"
    return error.value.message


def test_the_limit_begins_anew_with_each_sign_that_a_board_is_at_work(
    program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Timer] = []

    class Seen(Timer):
        """A time limit that says when it begins, and whether the one before it is over by then."""

        def start(self) -> None:
            assert all(limit.finished.is_set() for limit in limits)
            limits.append(self)
            super().start()

    monkeypatch.setattr("threading.Timer", Seen)
    program(
        "for second in range(12):\n"
        """    print('{"starting": %d}' % second, flush=True)\n""" + READY + "sys.stdin.read()\n"
    )
    started = Machine(tmp_path / "board", BoardOptions(timing="instructions"))
    started.wait_until_ready()
    assert [limit.interval for limit in limits] == [machine.SILENCE_S] * 13
    assert limits[-1].finished.is_set()
    assert (started.uid, started.serial_port) == ("VB0", "/dev/none")
    assert started.runs
    started.end()
    assert not started.runs


def test_a_silent_board_is_ended_after_its_limit(
    program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "SILENCE_S", 0.5)
    program("time.sleep(600)\n")
    said = _why_not(tmp_path / "board")
    assert said == "The virtual board does not start: it said nothing for 0.5 s"


def test_a_board_that_falls_silent_after_a_sign_of_life_is_ended_too(
    program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "SILENCE_S", 2.0)
    program("""print('{"starting": 1}', flush=True)\ntime.sleep(600)\n""")
    said = _why_not(tmp_path / "board")
    assert said == "The virtual board does not start: it said nothing for 2 s"


def test_a_board_that_ends_without_a_word_is_said_so(program, tmp_path: Path) -> None:
    program("sys.exit(1)\n")
    assert _why_not(tmp_path / "board") == (
        "The virtual board does not start: it ended with code 1 and said nothing"
    )


def test_the_last_words_of_a_board_are_passed_on(program, tmp_path: Path) -> None:
    program("sys.exit('no room left')\n")
    assert _why_not(tmp_path / "board") == "The virtual board does not start: no room left"
