"""What is left of runs that were killed, and what must stay."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker import APIClient

from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.engine import Engine
from mcumatrix.adapters.builders.docker.owner import LABEL, is_left_behind, own_mark
from mcumatrix.adapters.builders.docker.reaper import reap
from mcumatrix.errors import StoppedError, ToolError
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan
from support.docker_images import PROJECT
from support.engine_socket import server

ORCHESTRATOR = """
import os, sys
from pathlib import Path
from mcumatrix.adapters.builders.docker.builder import DockerBuilder
from mcumatrix.adapters.builders.docker.engine import find_engine
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.image import BuildFolders, BuildPlan

cache, project, output = map(Path, sys.argv[1:])
toolchain = load_catalogues(project / "matrix").toolchains["debian-12"]
plan = BuildPlan("long", toolchain, "", (("sh", "-c", "echo > /output/begun; sleep 300"),), ())
builder = DockerBuilder(cache, find_engine(os.environ), unpacked=lambda archive: cache, say=print)
builder.execute(plan, BuildFolders(project, project, output), output / "build.log")
"""


@pytest.fixture
def orchestrator(docker_cache: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own in the middle of a long build."""
    output = tmp_path / "long"
    output.mkdir()
    process = subprocess.Popen([sys.executable, "-c", ORCHESTRATOR, docker_cache, PROJECT, output])
    try:
        _wait_until((output / "begun").exists)
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _containers_of(engine: Engine, pid: int) -> list[str]:
    return [
        container["Id"] for container in engine.containers(LABEL) if f".{pid}." in container["Labels"][LABEL]
    ]


def test_the_next_start_removes_what_a_killed_run_left_and_nothing_of_a_live_one(
    engine: Engine,
    orchestrator: subprocess.Popen[bytes],
    make_builder: Callable[..., DockerBuilder],
    debian_12: Toolchain,
    folders: BuildFolders,
) -> None:
    living, begun = make_builder(), folders.output / "begun"
    plan = BuildPlan("living", debian_12, "", (("sh", "-c", "echo > {output}/begun; sleep 300"),), ())
    failures: list[str] = []

    def live() -> None:
        try:
            living.execute(plan, folders, folders.output / "build.log")
        except StoppedError as error:
            failures.append(str(error))

    thread = threading.Thread(target=live)
    thread.start()
    _wait_until(begun.exists)
    ours = _containers_of(engine, os.getpid())
    assert ours
    assert len(_containers_of(engine, orchestrator.pid)) == 1
    orchestrator.send_signal(signal.SIGKILL)
    orchestrator.wait()

    make_builder().reap()

    assert _containers_of(engine, orchestrator.pid) == []
    assert _containers_of(engine, os.getpid()) == ours
    living.stop()
    thread.join(60)
    assert failures == ["The build was stopped."]
    assert _containers_of(engine, os.getpid()) == []


def test_a_run_that_is_interrupted_leaves_no_container(
    engine: Engine, orchestrator: subprocess.Popen[bytes]
) -> None:
    orchestrator.send_signal(signal.SIGINT)
    orchestrator.wait(60)
    assert _containers_of(engine, orchestrator.pid) == []


def test_containers_of_others_stay(
    engine: Engine, make_builder: Callable[..., DockerBuilder], debian_12: Toolchain
) -> None:
    api, image_id = engine.client.api, make_builder().identity(debian_12).image_id
    others = [
        api.create_container(image_id, ["true"], labels=labels)["Id"]
        for labels in ({}, {"unrelated": "1"}, {LABEL: "somebody's own"})
    ]
    try:
        reap(engine)
        left = {container.id for container in engine.client.containers.list(all=True, ignore_removed=True)}
        assert set(others) <= left
    finally:
        for other in others:
            api.remove_container(other)


def test_a_process_is_known_by_its_start_and_not_by_its_number() -> None:
    mark = own_mark()
    place, pid, start = mark.rsplit(".", 2)
    assert not is_left_behind(mark, "running")
    assert is_left_behind(f"{place}.{pid}.{int(start) - 1}", "running")
    assert is_left_behind(f"{place}.{2**30}.{start}", "created")


def test_a_process_out_of_sight_counts_as_alive_until_its_container_has_ended() -> None:
    elsewhere = f"another-boot.1.{2**30}.5"
    assert not is_left_behind(elsewhere, "running")
    assert not is_left_behind(elsewhere, "created")
    assert is_left_behind(elsewhere, "exited")


@pytest.mark.parametrize("mark", ["", "1", "a.b.c.d", "a.b.c.d.e", "..."])
def test_a_label_that_is_not_ours_is_left_alone(mark: str) -> None:
    assert not is_left_behind(mark, "exited")


class LeftBehind(Engine):
    """An engine with one container, which a dead process has left."""

    def containers(self, label: str) -> list[dict[str, Any]]:
        mark = own_mark().split(".")
        return [{"Id": "5eed", "Labels": {label: ".".join((*mark[:-1], "0"))}, "State": "exited"}]

    @cached_property
    def client(self) -> Any:
        return SimpleNamespace(api=APIClient(f"unix://{self.socket_path}", version="1.41"))


def answering(status: str, message: str) -> bytes:
    body = json.dumps({"message": message}).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict"])
def test_what_another_run_removes_already_is_removed(tmp_path: Path, status: str) -> None:
    engine = LeftBehind(tmp_path / "docker.sock")
    said = answering(status, "removal of container 5eed is already in progress")
    with closing(engine.client.api), server(engine.socket_path, said):
        assert reap(engine) == ["5eed"]


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    engine = LeftBehind(tmp_path / "docker.sock")
    said = answering("500 Error", "the disk is full")
    with closing(engine.client.api), server(engine.socket_path, said), pytest.raises(ToolError) as error:
        reap(engine)
    assert str(error.value) == (
        "The Docker engine could not remove a container: the disk is full\n"
        "  See its own log (journalctl -u docker), and run again."
    )
