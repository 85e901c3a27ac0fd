"""The set-up script, where it must not do what it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("bash", "cut", "tr", "sed", "cmp", "dirname", "cp", "rm")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine without a compiler, on which one is not root: its PATH."""
    for name in NEEDED:
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    (tmp_path / "python3").symlink_to(sys.executable)
    fake = tmp_path / "id"
    fake.write_text("#!/bin/sh\necho 1000\n")
    fake.chmod(0o755)
    return tmp_path


def _dev(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(path / "bash"), str(ROOT / "dev"), *arguments],
        env={"PATH": str(path), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_root_the_exact_command_is_printed_and_the_exit_code_is_4(machine: Path) -> None:
    ran = _dev(machine, "matrix")
    assert ran.returncode == 4
    assert "  gcc-arm-none-eabi compiles the firmware\n" in ran.stdout
    assert "  gcc compiles the virtual board's hooks\n" in ran.stdout
    assert "  ninja-build executes the firmware's build\n" in ran.stdout
    assert ran.stderr.startswith(
        "They cannot be installed from here: that takes root and Debian. Run, as root:\n"
        "  apt-get update && apt-get install --yes --no-install-recommends "
        "gcc-arm-none-eabi cmake ninja-build ccache "
    )


def test_what_only_tests_need_is_asked_for_with_the_tests(machine: Path) -> None:
    needed = "  qemu-system-arm is what the virtual board's core is compared with\n"
    assert needed in _dev(machine, "test").stdout
    assert needed not in _dev(machine, "matrix").stdout


def test_an_old_python_is_said_so(machine: Path) -> None:
    (machine / "python3").unlink()
    (machine / "python3").write_text("#!/bin/sh\nexit 1\n")
    (machine / "python3").chmod(0o755)
    ran = _dev(machine, "test")
    assert ran.returncode == 4
    assert ran.stderr == (
        "Python 3.11 or newer is not on PATH as python3. Install it: apt-get install python3\n"
    )


@pytest.mark.parametrize("arguments", [(), ("metrix",)])
def test_what_it_does_not_know_is_answered_with_what_it_does(
    machine: Path, arguments: tuple[str, ...]
) -> None:
    ran = _dev(machine, *arguments)
    assert ran.returncode == 2
    assert "./dev matrix [ARGUMENTS]  runs `doit matrix`" in ran.stderr
