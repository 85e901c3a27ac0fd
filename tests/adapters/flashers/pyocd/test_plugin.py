"""What stock `pyocd` commands show in an environment with this package."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from vstm32.app.running import RunningBoard, announce

UID = "VB0123456789ABCDEF01234567"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vboards"


@pytest.fixture
def pyocd(folder: Path):
    """Runs a `pyocd` command; returns what it printed."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [Path(sys.executable).with_name("pyocd"), *arguments],
            env={**os.environ, "VSTM32_BOARDS": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return " ".join(done.stdout.split())

    return run


def test_the_target_is_listed(pyocd):
    listed = pyocd("list", "--targets", "--name", "stm32f746")
    for name in ("stm32f746xg", "stm32f746ng"):
        assert f"{name} STMicroelectronics STM32F746xG STM32F7 Series, STM32F746 builtin" in listed


def test_the_plugin_is_listed(pyocd):
    said = f"vboard {version('mcumatrix')} Virtual boards of mcumatrix that run on this machine"
    assert said in pyocd("list", "--plugins")


def test_a_board_that_runs_is_listed_with_its_target(pyocd, folder):
    with announce(
        RunningBoard(
            UID, os.getpid(), 1, "/dev/pts/7", "/run/control", "lab-0", "STM32F746NG", "stm32f746xg"
        ),
        folder,
    ):
        listed = pyocd("list")
    assert "mcumatrix Virtual STM32F746NG lab-0" in listed
    assert UID in listed
    assert "stm32f746xg" in listed


def test_without_a_board_there_is_no_probe_of_ours(pyocd):
    assert "mcumatrix" not in pyocd("list")
