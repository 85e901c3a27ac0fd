"""What a build tries in order to get out of its container, or to use up the machine."""

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.limits import Limits, limits_of_machine
from mcumatrix.errors import BuildError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan

MIB = 1 << 20
SMALL = Limits(
    memory_bytes=96 * MIB,
    processes=64,
    temporary_bytes=16 * MIB,
    output_bytes=32 * MIB,
    output_files=500,
    ccache_bytes=32 * MIB,
    log_bytes=MIB,
)


@pytest.fixture
def attempt(
    make_builder: Callable[..., DockerBuilder], debian_12: Toolchain, folders: BuildFolders
) -> Callable[..., str]:
    """Executes a script of bash as a build; returns what it printed."""

    def run(script: str, outputs: tuple[str, ...] = ()) -> str:
        plan = BuildPlan("example", debian_12, "f" * 64, (("bash", "-c", "{sources}/script"),), outputs)
        # In a file: the text must not be read as a plan.
        path = folders.sources / "script"
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)
        log = folders.output / "build.log"
        make_builder(limits=SMALL).execute(plan, folders, log)
        return log.read_text().partition("\n")[2]

    return run


@pytest.fixture
def refusal(attempt: Callable[..., str], folders: BuildFolders) -> Callable[[str], str]:
    """Executes a script that must not succeed; returns what is said about it."""

    def run(script: str) -> str:
        with pytest.raises(BuildError) as error:
            attempt(script)
        assert error.value.hint == f"The whole log is {folders.output / 'build.log'}"
        return error.value.message

    return run


def test_there_is_no_network(attempt: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        printed = attempt(
            f"cat /proc/net/dev; echo > /dev/tcp/127.0.0.1/{port}; echo > /dev/tcp/192.0.2.1/80; true"
        )
        with pytest.raises(TimeoutError):
            server.accept()
    interfaces = [
        line.split(":")[0].strip() for line in printed.splitlines() if ":" in line and "|" not in line
    ]
    assert interfaces[0] == "lo"
    assert not {"eth0", "docker0"} & set(interfaces)
    assert "Connection refused" in printed
    assert "Network is unreachable" in printed


def test_only_the_output_can_be_written(attempt: Callable[..., str], folders: BuildFolders) -> None:
    (folders.inputs / "config.h").write_text("mine")
    printed = attempt(
        "find / -path /proc -prune -o -type d -writable -print 2>/dev/null\n"
        "for place in / /etc /usr/bin /sources /inputs /root /dev; do touch $place/mine; done\n"
        "echo yours > /inputs/config.h; rm -f /inputs/config.h; true"
    )
    found = {line for line in printed.splitlines() if line.startswith("/") and ":" not in line}
    # Message queues are no files, and the kernel limits them.
    expected = {"/ccache", "/dev/mqueue", "/output", "/tmp"}
    assert {line for line in found if not line.startswith("/ccache/")} == expected
    assert (folders.inputs / "config.h").read_text() == "mine"
    assert printed.count("Read-only file system") >= 7
    assert [path.name for path in folders.sources.iterdir()] == ["script"]


def test_nothing_can_be_executed_from_where_everybody_writes(refusal: Callable[[str], str]) -> None:
    message = refusal("cp /bin/true /tmp/mine && /tmp/mine")
    assert "Permission denied" in message


def test_a_build_has_no_rights(attempt: Callable[..., str]) -> None:
    lines = attempt("cat /proc/self/status").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind][0], 16) == 0, kind
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]  # a filter is in force, seccomp(2)
    assert "0" not in status["Uid"] + status["Gid"]


def test_a_program_that_runs_as_its_owner_does_not(
    attempt: Callable[..., str], folders: BuildFolders
) -> None:
    shutil.copy("/usr/bin/id", folders.inputs / "id")
    (folders.inputs / "id").chmod(0o4755)
    assert attempt("/inputs/id -u") == attempt("id -u") != "0\n"


@pytest.mark.parametrize(
    "command",
    [
        "unshare --user --map-root-user id",
        "unshare --mount id",
        "mount -t tmpfs none /tmp",
        "chroot / id",
        "mknod /output/disk b 8 0",
        "chown root /output",
        "dmesg",
        "echo 1 > /proc/sys/kernel/panic",
        "renice -n -5 $$",
    ],
)
def test_what_takes_rights_fails(refusal: Callable[[str], str], command: str) -> None:
    message = refusal(f"set -e\n{command}")
    assert any(
        reason in message.lower()
        for reason in ("operation not permitted", "permission denied", "must be superuser", "read-only")
    ), message


def test_the_process_that_holds_it_all_together_cannot_be_ended(attempt: Callable[..., str]) -> None:
    assert attempt("kill -9 1; kill -TERM 1; echo still here") == "still here\n"


def test_no_device_and_no_socket_of_the_machine_is_there(attempt: Callable[..., str]) -> None:
    assert attempt("find / -path /proc -prune -o '(' -type b -o -type s ')' -print 2>/dev/null; true") == ""
    assert attempt("ls /var/run/docker.sock /run/docker.sock; true").count("No such file") == 2


def test_other_processes_of_the_machine_are_not_seen(attempt: Callable[..., str]) -> None:
    pids = [int(name) for name in attempt("cd /proc; echo [0-9]*").split()]
    assert pids[0] == 1
    assert len(pids) <= 4


def test_a_fork_bomb_is_limited(refusal: Callable[[str], str]) -> None:
    message = refusal("bomb() { bomb & bomb & wait; }; bomb")
    assert message == "example: the build wanted more than 64 processes at once and was stopped."


def test_a_program_that_gives_up_for_want_of_processes_is_said_so(refusal: Callable[[str], str]) -> None:
    message = refusal("exec sh -c 'while :; do sleep 300 & done'")
    assert message == "example: the build wanted more than 64 processes at once."


def test_a_memory_bomb_is_limited(refusal: Callable[[str], str]) -> None:
    assert refusal("tail /dev/zero") == "example: out of memory; a build may use 96 MiB."


def test_filling_tmp_is_limited(refusal: Callable[[str], str]) -> None:
    message = refusal("head -c 100M /dev/zero > /tmp/mine")
    assert message == "example: /tmp is full; a build may keep 16 MiB there."


@pytest.mark.parametrize(
    "script",
    [
        "head -c 100M /dev/zero > /output/mine",
        "for name in 1 2 3 4 5 6; do head -c 8M /dev/zero > /output/$name; done",
        "mkdir -p /output/a/b; cd /output/a/b; while :; do n=$((n + 1)); head -c 1M /dev/zero > $n; done",
        "truncate -s 1T /output/mine || truncate -s 32M /output/mine",
    ],
)
def test_filling_the_output_is_limited(refusal: Callable[[str], str], script: str) -> None:
    message = refusal(script)
    assert message == "example: the build wrote more than 32 MiB into its output folder and was stopped."


def test_more_files_than_anybody_needs_are_too_many(refusal: Callable[[str], str]) -> None:
    message = refusal("while :; do n=$((n + 1)); : > /output/$n; done")
    assert message == "example: the build made more than 500 files and was stopped."


def test_talking_without_end_is_limited(refusal: Callable[[str], str], folders: BuildFolders) -> None:
    assert refusal("yes") == "example: the build printed more than 1 MiB and was stopped."
    assert (folders.output / "build.log").stat().st_size < 2 * MIB


def test_filling_the_cache_of_the_compiler_is_limited_and_undone(
    refusal: Callable[[str], str], docker_cache: Path
) -> None:
    message = refusal("head -c 20M /dev/zero > /ccache/1; head -c 20M /dev/zero > /ccache/2; sleep 300")
    assert message == "example: the build wrote more than 32 MiB into the folder of ccache and was stopped."
    assert not (docker_cache / "ccache-docker").exists()


def test_a_build_that_goes_on_in_the_background_ends_with_its_last_step(
    attempt: Callable[..., str], folders: BuildFolders
) -> None:
    attempt(
        "(trap '' TERM HUP; while :; do echo >> /output/alive; sleep 0.01; done) &\n"
        "until [ -s /output/alive ]; do sleep 0.01; done"
    )
    size = (folders.output / "alive").stat().st_size
    assert size > 0
    time.sleep(0.2)
    assert (folders.output / "alive").stat().st_size == size


def test_the_log_stays_where_it_is_whatever_a_build_puts_in_its_place(
    attempt: Callable[..., str], folders: BuildFolders, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    log = folders.output / "build.log"
    for trick in (f"ln -sf {victim} /output/build.log", "rm /output/build.log; mkdir -p /output/build.log/x"):
        assert attempt(f"{trick}; echo done") == "done\n"
        assert victim.read_text() == "untouched"
        assert log.is_file()
        assert not log.is_symlink()


def test_what_a_build_made_belongs_to_who_asked_and_has_no_rights(
    attempt: Callable[..., str], folders: BuildFolders
) -> None:
    attempt(
        "cp /bin/true /output/mine; chmod 6755 /output/mine; mkdir /output/closed; touch /output/closed/in\n"
        "chmod 0 /output/closed; ln -s /etc/passwd /output/link; mkfifo /output/pipe"
    )
    owner = Path("/etc/passwd").stat().st_uid
    for path in folders.output.rglob("*"):
        assert path.lstat().st_uid == os.geteuid(), path
    assert (folders.output / "mine").stat().st_mode & 0o7777 == 0o755
    assert (folders.output / "closed" / "in").exists()
    assert Path("/etc/passwd").stat().st_uid == owner


def test_a_machine_gives_a_build_enough_for_its_cores() -> None:
    limits = limits_of_machine()
    assert limits.processes >= 512
    assert limits.temporary_bytes < limits.memory_bytes
