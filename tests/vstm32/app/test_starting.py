"""What a program that starts a board hears before it is ready."""

import json
import subprocess
import sys
import threading

import pytest

from vstm32.app.starting import SignsOfLife, read_ready

PATIENCE_S = 60.0


def test_a_board_that_is_at_work_says_so_until_it_is_ready() -> None:
    said: list[str] = []
    thrice = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            thrice.set()

    work = iter(range(1_000_000))
    with SignsOfLife(say, interval_s=0.001, work_s=lambda: float(next(work))) as signs:
        assert thrice.wait(PATIENCE_S)
        signs.stop()
        count = len(said)
    assert len(said) == count
    assert json.loads(said[0]) == {"starting": 0}


def test_a_board_that_hangs_says_nothing() -> None:
    said: list[str] = []
    looked = threading.Event()
    looks = 0

    def work_s() -> float:
        nonlocal looks
        looks += 1
        if looks == 5:
            looked.set()
        return 7.0

    with SignsOfLife(said.append, interval_s=0.001, work_s=work_s):
        assert looked.wait(PATIENCE_S)
    assert said == []


def test_who_has_gone_is_told_nothing_more() -> None:
    told = threading.Event()

    def say(_line: str) -> None:
        told.set()
        raise BrokenPipeError

    work = iter(range(1_000_000))
    with SignsOfLife(say, interval_s=0.001, work_s=lambda: float(next(work))) as signs:
        assert told.wait(PATIENCE_S)
        signs._thread.join(PATIENCE_S)
        assert not signs._thread.is_alive()


def test_a_start_that_fails_ends_what_was_to_be_said() -> None:
    signs = SignsOfLife(print, interval_s=PATIENCE_S)
    with pytest.raises(ZeroDivisionError), signs:
        _ = 1 // 0
    assert not signs._thread.is_alive()


def test_signs_of_life_are_read_over() -> None:
    assert read_ready(['{"starting": 1}\n', b'{"starting": 2}\n', '{"uid": "VB0"}\n']) == {"uid": "VB0"}


@pytest.mark.parametrize("lines", [[], ['{"starting": 1}'], ["[]"], ["what"], [""], [b"\xff"]])
def test_anything_else_is_no_board(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_ready(lines)


def test_a_real_program_is_heard_at_work_before_it_is_ready() -> None:
    """With a start that takes three times as long as it is between two signs, however fast the machine is."""
    script = (
        "import sys, time\n"
        "from vstm32.app import command_line, daemon, starting\n"
        "class Slow(daemon.Daemon):\n"
        "    def __init__(self, *arguments, **options):\n"
        "        end = time.process_time() + 3 * starting.INTERVAL_S\n"
        "        while time.process_time() < end: pass\n"
        "        super().__init__(*arguments, **options)\n"
        "daemon.Daemon = Slow\n"
        "sys.exit(command_line.main(['--json', '--end-with-stdin']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = iter(process.stdout)
        assert json.loads(next(lines)).keys() == {"starting"}
        assert read_ready(lines)["uid"].startswith("VB")
        rest, _ = process.communicate(timeout=PATIENCE_S)
    assert rest == ""
    assert process.returncode == 0
