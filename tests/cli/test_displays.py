"""What shows how far work is, on a real terminal and in a log."""

import os
import pty
import signal
import subprocess
import sys
import termios
from contextlib import suppress

PROGRAM = """\
import os, signal, sys
from mcumatrix.cli.displays import display
from mcumatrix.progress.tally import Ended
with display(quiet="quiet" in sys.argv).shown() as shown:
    shown.told("builder: local")
    shown.expect(["build:a", "run:a"])
    shown.begun("build:a")
    shown.ended("build:a", Ended.FAILED, "FAILED: \\x1b]0;title\\x07")
    shown.begun("run:a")
    shown.placed("run:a", "board-1")
    print("printed by somebody else", flush=True)
    if "interrupted" in sys.argv:
        os.kill(os.getpid(), signal.SIGINT)
    shown("Waiting for board-1.")
"""


def _on_terminal(*arguments: str, terminal: str = "xterm", program: str = PROGRAM) -> tuple[int, str]:
    """How a program ended that has a terminal, and all that it sent there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment | {"TERM": terminal},
    ) as process:
        os.close(theirs)
        sent = b""
        # When nobody has the other end any more, reading it is an error.
        with suppress(OSError):
            while part := os.read(ours, 65536):
                sent += part
        os.close(ours)
    return process.returncode, sent.decode()


def test_a_terminal_has_a_view_that_goes_and_lines_that_stay() -> None:
    code, sent = _on_terminal()
    assert code == 0
    assert "builder: local\r\n" in sent
    assert r"build:a  FAILED: \x1b]0;title\x07  [0.0 s]" in sent
    assert "printed by somebody else\r\n" in sent
    assert "0 of 2 done, 1 failed, 1 at work" in sent
    assert "board-1" in sent
    assert "\x1b]0" not in sent
    assert "\x07" not in sent
    # The cursor is hidden while the view is there.
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")


def test_a_terminal_is_left_in_order_by_a_run_that_is_ended() -> None:
    code, sent = _on_terminal("interrupted")
    assert code == -signal.SIGINT
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")


def test_a_terminal_that_can_do_nothing_and_a_log_have_plain_lines() -> None:
    assert "\x1b" not in _on_terminal(terminal="dumb")[1]
    logged = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert logged.stdout == (
        "builder: local\n"
        r"build:a  FAILED: \x1b]0;title\x07  [0.0 s]"
        "\nprinted by somebody else\n"
    )
    assert logged.stderr == "Waiting for board-1.\n"


WORDED = """\
import sys
from mcumatrix.cli.common import TYPED
from mcumatrix.cli.displays import display
TYPED.set("mcumatrix")
with display(quiet="quiet" in sys.argv).shown() as shown:
    shown.told("`doit model own` makes it; `doit build:own` builds it")
    shown("Make one: doit base-image")
"""


def test_lines_name_commands_as_they_are_typed() -> None:
    for sent in (
        _on_terminal(program=WORDED)[1],
        subprocess.run([sys.executable, "-c", WORDED], capture_output=True, text=True, check=True).stdout,
    ):
        assert "`mcumatrix model own` makes it; `doit build:own` builds it" in sent
    assert "Make one: mcumatrix base-image" in _on_terminal(program=WORDED)[1]


def test_who_wants_quiet_gets_it_on_a_terminal_too() -> None:
    code, sent = _on_terminal("quiet")
    assert (code, sent) == (
        0,
        r"build:a  FAILED: \x1b]0;title\x07  [0.0 s]"
        "\r\nprinted by somebody else\r\nWaiting for board-1.\r\n",
    )
