"""Plans, reports and what real boards need ask for nothing that Linux alone has, and macOS does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcumatrix.adapters.builders.docker import owner
from support.projects import a_project, add_records

TESTS = Path(__file__).parents[1]
COMMANDS = {
    "--help": 0,
    "plan example": 0,
    "report example": 0,
    "boards": 0,
    "doctor --json doctor.json": 0,
}
SCRIPT = """
import support.without_linux
import json, sys
from mcumatrix.cli.main import main

codes = {}
for command in json.loads(sys.argv[1]):
    try:
        main(command.split())
    except SystemExit as ended:
        codes[command] = ended.code
print(json.dumps(codes))
"""


def test_commands_that_need_no_virtual_board_ask_for_nothing_that_linux_alone_has(tmp_path: Path) -> None:
    add_records(a_project(tmp_path), {"reference": 4_320_000, "simd": 2_160_000})
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(list(COMMANDS))],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(TESTS), "MCUMATRIX_BUILDER": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    *said, codes = ran.stdout.splitlines()
    assert json.loads(codes) == COMMANDS
    to_do = "Plans, reports and real boards work here; a container with Linux runs virtual boards."
    assert f"virtual boards: {to_do}" in said
    checks = {check["what"]: check for check in json.loads((tmp_path / "doctor.json").read_text())["checks"]}
    assert checks["virtual boards"]["found"] == "they run on Linux alone, and this is Darwin"
    assert "udev rules" not in checks


def test_whose_a_container_is_can_be_told_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner.platform, "system", lambda: "Darwin")
    mark = owner.own_mark()
    assert not owner.is_left_behind(mark, "exited")
    *place, pid, started = mark.split(".")
    assert int(pid) == os.getpid()
    later = str(int(started) + 1000)
    assert owner.is_left_behind(".".join((*place, pid, later)), "running")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        assert owner.is_left_behind(".".join((*place, str(ended.pid), started)), "running")
    # Of another boot nothing is known, unless it has ended.
    assert not owner.is_left_behind(".".join(("1", "", pid, later)), "running")
    assert owner.is_left_behind(".".join(("1", "", pid, later)), "exited")
