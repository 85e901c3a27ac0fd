"""Completion in the shells themselves: what is begun at their prompt and completed by the tab key."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

PROMPTS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
}
READY = {
    "bash": "eval \"$(_MCUMATRIX_COMPLETE=bash_source mcumatrix)\"; echo rea''dy\n",
    "zsh": 'autoload -U compinit; compinit -u -D; eval "$(_MCUMATRIX_COMPLETE=zsh_source mcumatrix)"; '
    "echo rea''dy\n",
}
LIMIT_S = 60


def needed(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


def environment() -> dict[str, str]:
    return os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }


class Terminal:
    """A shell at its prompt."""

    def __init__(self, shell: str, folder: Path) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            PROMPTS[shell],
            cwd=folder,
            env=environment(),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._shown = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + LIMIT_S
        while text not in self._shown:
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no {text!r} in {self._shown!r}"
            self._shown += os.read(self._master, 4096).decode(errors="replace")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


@pytest.mark.parametrize("shell", PROMPTS)
def test_the_tab_key_completes_a_matrix(shell: str, tmp_path: Path) -> None:
    needed(shell)
    terminal = Terminal(shell, tmp_path)
    try:
        terminal.type(READY[shell])
        terminal.wait_for("ready")
        terminal.type("mcumatrix plan two-b\t")
        # What was typed is echoed; only the shell itself can have written the rest.
        terminal.wait_for("oards")
    finally:
        terminal.close()


def test_fish_completes_commands_and_matrices(tmp_path: Path) -> None:
    needed("fish")
    script = (
        "_MCUMATRIX_COMPLETE=fish_source mcumatrix | source; "
        "complete -C 'mcumatrix re'; complete -C 'mcumatrix plan two'"
    )
    ran = subprocess.run(
        ["fish", "--no-config", "-c", script],
        cwd=tmp_path,
        env=environment() | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    found = {line.partition("\t")[0] for line in ran.stdout.splitlines()}
    assert found == {"replay", "report", "reproduce", "two-boards"}
