"""The set-up script, where it must not do what it cannot."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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
    for needed in (
        "  qemu-system-arm is what the virtual board's core is compared with\n",
        "  openssh-client signs archives of results\n",
        "  chromium shows the page of a report\n",
    ):
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


def _script(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


@pytest.fixture
def tree(machine: Path) -> Path:
    """A tree in which a root sets up, on a machine with all tools; apt-get and pip are told what to say."""
    for name in ("mktemp", "tail", "grep", "sleep", "cat"):
        found = shutil.which(name)
        assert found
        (machine / name).symlink_to(found)
    _script(machine / "id", "echo 0\n")
    for name in ("arm-none-eabi-gcc", "cmake", "ninja", "ccache", "cc"):
        _script(machine / name, "")
    tree = machine / "tree"
    _script(tree / ".venv" / "bin" / "python", "")
    shutil.copy(ROOT / "dev", tree / "dev")
    (tree / "pyproject.toml").write_text("")
    (tree / "requirements.lock").write_text("numpy==2.2.1 \\\n    --hash=sha256:00\nunicorn==2.1.4 \\\n")
    return tree


def _pip(tree: Path, text: str) -> None:
    """A pip that answers when it is asked for its version, and does that when it shall install."""
    _script(tree / ".venv" / "bin" / "pip", f'case " $* " in *" --version "*) exit ;; esac\n{text}')


def _set_up(tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return _run(tree, "setup", **environment)


def _run(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(tree.parent / "bash"), str(tree / "dev"), *arguments],
        env={"PATH": str(tree.parent), "TMPDIR": str(tree.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _timeless(text: str) -> list[str]:
    """The lines of a text with an N for each time."""
    return re.sub(r"^\[ *\d+ s\]", "[  N s]", text, flags=re.MULTILINE).splitlines()


def test_what_pip_does_is_shown_by_package_with_the_seconds_and_without_its_noise(tree: Path) -> None:
    _pip(
        tree,
        """
echo 'Looking in indexes: https://one, file:///two'
echo "WARNING: Location '/two' is ignored: it is neither a file nor a directory." >&2
echo 'Collecting numpy==2.2.1 (from -r requirements.lock (line 1))'
echo '  Downloading numpy-2.2.1.whl (18 MB)'
""",
    )
    ran = _set_up(tree)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ["[  N s] Collecting numpy==2.2.1", "[  N s]   Downloading numpy-2.2.1.whl (18 MB)"]
    # Once for the lock file, once for this package itself.
    assert _timeless(ran.stdout) == [
        "Installing the 2 packages of requirements.lock into .venv.",
        *lines,
        *lines,
    ]
    assert _set_up(tree).stdout == ""


def test_what_was_printed_last_is_shown_where_pip_fails(tree: Path) -> None:
    _pip(tree, "echo of no interest\necho THE HASHES DIFFER >&2\nexit 1\n")
    ran = _set_up(tree)
    assert ran.returncode == 4
    assert ran.stdout == "Installing the 2 packages of requirements.lock into .venv.\n"
    assert ran.stderr == (
        "of no interest\nTHE HASHES DIFFER\n"
        "The Python packages could not be installed. Check the network, then run this again.\n"
    )
    assert not list(tree.parent.glob("tmp.*"))


def _venv_maker(tree: Path) -> None:
    """A python3 that is new enough, and makes a venv with a pip that says nothing."""
    _script(
        tree.parent / "python3",
        """
[ "$1 $2" = "-m venv" ] || exit 0
mkdir -p "$3/bin"
echo '#!/bin/sh' >"$3/bin/python"
cp "$3/bin/python" "$3/bin/pip"
chmod +x "$3/bin/python" "$3/bin/pip"
""",
    )
    for name in ("mkdir", "chmod"):
        found = shutil.which(name)
        assert found
        (tree.parent / name).symlink_to(found)


def test_a_venv_that_was_cut_short_before_pip_was_there_is_made_anew(tree: Path) -> None:
    _venv_maker(tree)
    left = tree / ".venv" / "left-behind"
    left.touch()
    ran = _set_up(tree)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not left.exists()


def test_a_venv_whose_pip_does_not_start_is_made_anew(tree: Path) -> None:
    _venv_maker(tree)
    _script(tree / ".venv" / "bin" / "pip", "exit 1\n")
    ran = _set_up(tree)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_venv_that_works_is_not_made_anew(tree: Path) -> None:
    _venv_maker(tree)
    _pip(tree, "")
    left = tree / ".venv" / "left-behind"
    left.touch()
    ran = _set_up(tree)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert left.exists()


def test_what_makes_a_venv_is_asked_for_where_one_was_cut_short(machine: Path) -> None:
    """As `python3 -m venv` leaves it on Debian without python3-venv."""
    tree = machine / "tree"
    _script(tree / ".venv" / "bin" / "python", "")
    shutil.copy(ROOT / "dev", tree / "dev")
    _script(machine / "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac\n')
    ran = _run(tree, "setup")
    assert ran.returncode == 4
    assert "  python3-venv makes .venv\n" in ran.stdout


def test_what_apt_does_is_shown_with_the_seconds(tree: Path) -> None:
    (tree.parent / "ninja").unlink()
    _script(tree / ".venv" / "bin" / "pip", "")
    _script(
        tree.parent / "apt-get",
        """
echo 'Reading package lists...'
[ "$1" = install ] || { echo 'Get:1 http://mirror bookworm InRelease'; exit; }
echo 'Get:1 http://mirror bookworm/main amd64 ninja-build amd64 1.11.1-1 [142 kB]'
echo 'Setting up ninja-build (1.11.1-1) ...'
""",
    )
    ran = _set_up(tree)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert _timeless(ran.stdout)[1:6] == [
        "  ninja-build executes the firmware's build",
        "Installing them from Debian's packages.",
        "[  N s] Get:1 http://mirror bookworm InRelease",
        "[  N s] Get:1 http://mirror bookworm/main amd64 ninja-build amd64 1.11.1-1 [142 kB]",
        "[  N s] Setting up ninja-build (1.11.1-1) ...",
    ]


def test_who_says_nothing_for_long_is_said_to_be_at_it_still(tree: Path) -> None:
    dev = tree / "dev"
    dev.write_text(dev.read_text().replace("SILENCE_S=10", "SILENCE_S=0.2"))
    _pip(
        tree,
        "echo Installing collected packages: numpy\nsleep 0.7\necho Successfully\n",
    )
    assert "s] still at it: Installing collected packages: numpy\n" in _set_up(tree).stdout


def test_the_notebook_is_opened_when_its_images_are_built(tree: Path) -> None:
    shutil.copy(tree / "requirements.lock", tree / "requirements-dev.lock")
    for name in ("pip", "doit", "jupyter"):
        _script(tree / ".venv" / "bin" / name, f'echo {name} "$@"\n')
    ran = _run(tree, "notebook", "--no-browser")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == [
        "doit build matrix=notebook",
        "jupyter lab notebooks/digits.ipynb --allow-root --no-browser",
    ]
    _script(tree / ".venv" / "bin" / "doit", "echo a step failed >&2; exit 1\n")
    ran = _run(tree, "notebook")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "a step failed\n")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_tflite_micro_for_the_machines_alone_that_there_are_wheels_for(lock: str) -> None:
    """On a Raspberry Pi nothing else keeps `./dev` from setting up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (golden,) = map(Requirement, project["optional-dependencies"]["golden"])
    (line,) = re.findall(r"^(tflite-micro==.*?) \\$", (ROOT / lock).read_text(), re.MULTILINE)
    assert golden.marker
    assert Requirement(line) == golden
