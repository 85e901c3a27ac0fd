"""Locks: one holder at a time, who has it is said, and a killed holder holds nothing."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcumatrix.errors import ExitCode, LockedError, StoppedError
from mcumatrix.locking import held, lock_folder, lock_name

HOLD = """
import sys, time
from pathlib import Path
from mcumatrix.locking import held
path, as_user = Path(sys.argv[1]), int(sys.argv[2])
import filelock
if as_user:
    import os
    os.umask(0o077)
    os.setgid(as_user)
    os.setuid(as_user)
with held(path, "the probe X", wait=True, say=lambda line: print(line, flush=True)):
    print("held", flush=True)
    time.sleep(100)
"""

NOBODY = 65_534


def quiet(line: str) -> None:
    raise AssertionError(line)


@contextmanager
def holder(path: Path, as_user: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that takes the lock, or waits for it; it is killed in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(as_user)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


def test_a_lock_that_is_free_is_taken_at_once_and_says_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path / "a.lock", "a", wait=False, say=quiet):
            pass


def test_the_file_says_who_has_the_lock_as_long_as_somebody_has_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with held(path, "a", wait=False, say=quiet):
        said = json.loads(path.read_text())
        assert (said["pid"], said["host"]) == (os.getpid(), socket.gethostname())
        assert set(said) == {"pid", "host", "user", "command", "since"}
    assert path.read_text() == ""


def test_every_user_may_use_the_file_whatever_the_umask_of_the_first(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with held(tmp_path / "a.lock", "a", wait=False, say=quiet):
            assert stat.S_IMODE((tmp_path / "a.lock").stat().st_mode) == 0o666
    finally:
        os.umask(before)


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with pytest.raises(ZeroDivisionError), held(path, "a", wait=False, say=quiet):
        _ = 1 // 0
    with held(path, "a", wait=False, say=quiet):
        pass


def test_a_second_user_who_does_not_wait_is_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with holder(path) as process:
        assert line_of(process) == "held"
        with pytest.raises(LockedError) as error, held(path, "the probe X", wait=False, say=quiet):
            pass
    assert re.fullmatch(
        rf"the probe X is in use: process {process.pid} of \S+ on host {re.escape(socket.gethostname())} "
        r"has it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(-c .*/a\.lock 0\)\.",
        error.value.message,
    )
    assert error.value.hint == "Try again when that has ended."
    assert error.value.exit_code is ExitCode.ENVIRONMENT


def test_a_second_user_who_waits_is_told_once_and_gets_it_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with holder(path) as first, holder(path) as second:
        lines = {line_of(first), line_of(second)}
        assert "held" in lines
        (waiting,) = lines - {"held"}
        has_it = first if f"process {first.pid} " in waiting else second
        assert waiting.startswith(f"Waiting for the probe X: process {has_it.pid} of ")
        has_it.kill()
        assert line_of(second if has_it is first else first) == "held"


def test_a_holder_that_is_killed_holds_nothing_and_is_not_named(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with holder(path) as process:
        assert line_of(process) == "held"
        process.kill()
        process.wait()
        assert json.loads(path.read_text())["pid"] == process.pid
        with held(path, "a", wait=False, say=quiet):
            assert json.loads(path.read_text())["pid"] == os.getpid()


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    said: list[str] = []
    all_others_wait = threading.Event()
    inside = 0
    most = 0

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            all_others_wait.set()

    def work() -> None:
        nonlocal inside, most
        with held(path, "a", wait=True, say=say):
            inside += 1
            most = max(most, inside)
            assert all_others_wait.wait(60)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (inside, most, len(said)) == (0, 1, 2)
    assert all(line.startswith(f"Waiting for a: process {os.getpid()} of ") for line in said)


def test_waiting_ends_when_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    stop = threading.Event()
    with holder(path) as process:
        assert line_of(process) == "held"
        with (
            pytest.raises(StoppedError) as error,
            # The line about waiting comes first, and stops it.
            held(path, "the probe X", wait=True, say=lambda _: stop.set(), stop=stop),
        ):
            pass
    assert str(error.value) == "Stopped while waiting for the probe X."


def test_waiting_ends_with_control_c(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with holder(path) as first:
        assert line_of(first) == "held"
        with holder(path) as second:
            assert line_of(second).startswith("Waiting for the probe X: ")
            second.send_signal(signal.SIGINT)
            _, errors = second.communicate(timeout=60)
    assert errors.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "4711\n",
        "{",
        "[]",
        "[" * 4000,
        '{"pid": 1}',
        '{"pid": "x", "host": "h", "user": "u", "command": "c", "since": "s"}',
        '{"pid": -1, "host": "HOST", "user": "u", "command": "c", "since": "s"}',
        '{"pid": 1e999, "host": "h", "user": "u", "command": "c", "since": "s"}',
        '{"pid": 4194305, "host": "HOST", "user": "u", "command": "c", "since": "s"}',
        '{"pid": 99999999999999999999, "host": "HOST", "user": "u", "command": "c", "since": "s"}',
    ],
)
def test_where_the_file_says_nothing_that_can_be_true_the_holder_is_unknown(
    tmp_path: Path, said: str
) -> None:
    path = tmp_path / "a.lock"
    with held(path, "a", wait=False, say=quiet):
        path.write_text(said.replace("HOST", socket.gethostname()))
        with pytest.raises(LockedError) as error, held(path, "a", wait=False, say=quiet):
            pass
    assert str(error.value) == (
        "a is in use: an unknown process has it.\n"
        f"  `fuser -v {path}` names the process; try again when it has ended."
    )


def test_the_holder_on_another_host_is_believed_and_its_words_are_made_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with held(path, "a", wait=False, say=quiet):
        path.write_text(
            json.dumps(
                {"pid": 4711, "host": "lab1", "user": "an\x1b[31mna", "command": "x" * 500, "since": "now\n"}
            )
        )
        with pytest.raises(LockedError) as error, held(path, "a", wait=False, say=quiet):
            pass
    assert error.value.message == (
        f"a is in use: process 4711 of an[31mna on host lab1 has it since now ({'x' * 100})."
    )


def test_a_lock_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.lock").mkdir()
    with pytest.raises(LockedError) as error, held(tmp_path / "a.lock", "a", wait=False, say=quiet):
        pass
    assert str(error.value) == (
        f"The lock {tmp_path}/a.lock cannot be used, because the system says: Is a directory.\n"
        "  Mend that, and run again. MCUMATRIX_LOCKS can name another folder for the locks of boards."
    )


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.lock").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("precious")
    with (
        pytest.raises(LockedError, match="cannot be used"),
        held(tmp_path / "a.lock", "a", wait=False, say=quiet),
    ):
        pass
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.fixture
def shared_folder() -> Iterator[Callable[[], Path]]:
    """The folder for locks, where every user can reach it."""
    import shutil
    import tempfile

    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    yield lambda: lock_folder({"MCUMATRIX_LOCKS": str(root / "deep" / "locks")})
    shutil.rmtree(root)


def test_the_folder_for_locks_is_everybodys_whatever_the_umask(shared_folder: Callable[[], Path]) -> None:
    before = os.umask(0o077)
    try:
        folder = shared_folder()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    folder.chmod(0o700)
    assert shared_folder() == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700, "who made it decides"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_users_lock_is_respected_taken_over_and_signed(shared_folder: Callable[[], Path]) -> None:
    path = shared_folder() / "probe-x.lock"
    with holder(path, as_user=NOBODY) as process:
        assert line_of(process) == "held"
        with (
            pytest.raises(LockedError, match=rf"process {process.pid} of nobody on"),
            held(path, "x", wait=False, say=quiet),
        ):
            pass
        process.kill()
        process.wait()
        with held(path, "x", wait=False, say=quiet):
            assert json.loads(path.read_text())["user"] == "root"
    path.unlink()
    with holder(path) as process:
        assert line_of(process) == "held"
    with holder(path, as_user=NOBODY) as process:
        assert line_of(process) == "held"
        assert json.loads(path.read_text())["user"] == "nobody"


def _refused(folder: Path) -> str:
    with pytest.raises(LockedError) as error:
        lock_folder({"MCUMATRIX_LOCKS": str(folder)})
    assert error.value.hint == (
        f"Let root make it anew: rm -r {folder}; install -d -m 1777 -o root {folder}; "
        "or name another one in MCUMATRIX_LOCKS, the same for all users."
    )
    return error.value.message


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused_for_who_owns_it_can_remove_held_locks(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    folder.chmod(0o1777)
    os.chown(folder, NOBODY, NOBODY)
    assert _refused(folder) == (
        f"The folder {folder} for the locks of boards belongs to nobody, "
        "who could remove locks that others hold."
    )
    os.chown(folder, 4711, 4711)
    assert " belongs to 4711, who could " in _refused(folder)


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o772])
def test_a_folder_that_others_write_to_is_refused_unless_it_is_sticky(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    folder.chmod(mode)
    assert _refused(folder) == (
        f"The folder {folder} for the locks of boards is not sticky and can be written by others, "
        "who could remove locks that others hold."
    )
    folder.chmod(mode | stat.S_ISVTX)
    assert lock_folder({"MCUMATRIX_LOCKS": str(folder)}) == folder


def test_the_folder_is_the_same_for_all_who_name_none() -> None:
    assert lock_folder({}) == lock_folder({"MCUMATRIX_LOCKS": ""}) == Path("/tmp/mcumatrix-locks")


def test_something_else_with_the_name_of_the_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("")
    with pytest.raises(LockedError) as error:
        lock_folder({"MCUMATRIX_LOCKS": str(tmp_path / "locks")})
    assert str(error.value) == (
        f"{tmp_path}/locks is to have the locks of boards, and is no folder.\n"
        "  Remove it, or name another one in MCUMATRIX_LOCKS, the same for all users."
    )
    with pytest.raises(LockedError) as error:
        lock_folder({"MCUMATRIX_LOCKS": str(tmp_path / "locks" / "deeper")})
    assert str(error.value) == (
        f"The folder {tmp_path}/locks/deeper for the locks of boards cannot be made: File exists.\n"
        "  Name another one in MCUMATRIX_LOCKS, the same for all users."
    )


def test_the_name_of_a_lock_is_that_of_its_thing_where_it_can_be() -> None:
    assert lock_name("probe", "066BFF30") == "probe-066bff30.lock"
    assert lock_name("serial", "loop://") == "serial-loop--e9c19ecab2305d10.lock"


def test_a_probe_has_one_lock_in_upper_and_lower_case() -> None:
    assert lock_name("probe", "066BFF30") == lock_name("probe", "066bff30")


def test_a_serial_port_has_one_lock_by_all_its_names(tmp_path: Path) -> None:
    (tmp_path / "ttyACM0").write_text("")
    (tmp_path / "by-id").symlink_to("ttyACM0")
    assert lock_name("serial", f"{tmp_path}/by-id") == lock_name("serial", f"{tmp_path}/ttyACM0")


@pytest.mark.parametrize(
    "identifier", ["../x", "a/b", "", "x" * 200, "rfc2217://lab1:4000", "é", "a\0b", "a b"]
)
def test_the_name_of_a_lock_is_fit_for_a_file_and_different_for_different_things(identifier: str) -> None:
    name = lock_name("serial", identifier)
    assert re.fullmatch(r"serial-[A-Za-z0-9._-]{1,90}\.lock", name)
    assert name != lock_name("serial", identifier + "2")
