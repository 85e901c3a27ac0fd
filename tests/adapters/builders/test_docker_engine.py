"""Whether there is an engine, and whether it is one that can be used."""

import socket
from pathlib import Path

import pytest

from mcumatrix.adapters.builders.docker.engine import Engine, NoEngine, check_engine, find_engine
from mcumatrix.errors import ToolError
from support.engine_socket import server

GOOD = {"MemoryLimit": True, "PidsLimit": True, "SecurityOptions": ["name=seccomp,profile=default"]}


def test_the_engine_of_this_machine_is_found(engine: Engine) -> None:
    assert engine.client.ping()


def test_an_engine_on_another_machine_is_none_of_ours() -> None:
    assert find_engine({"DOCKER_HOST": "tcp://builder:2375"}) == NoEngine(
        "DOCKER_HOST is tcp://builder:2375, and only engines on this machine see its folders"
    )


def test_why_none_answers_is_said(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    environment = {"DOCKER_HOST": f"unix://{path}"}
    assert find_engine(environment) == NoEngine(f"there is no {path}")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert find_engine(environment) == NoEngine(f"nobody listens at {path}")
    path.unlink()
    with server(path, b"SSH-2.0-other\r\n"):
        found = find_engine(environment)
    assert isinstance(found, NoEngine)
    assert found.reason.startswith(f"{path} does not answer as an engine does: ")
    path.unlink()
    with server(path, b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"):
        assert find_engine(environment) == NoEngine(f"{path} answers with status 503")


def test_an_engine_that_is_gone_or_refuses_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with pytest.raises(ToolError) as error:
        Engine(path).image_id("any")
    assert str(error.value) == (
        "The Docker engine does not answer: [Errno 2] No such file or directory\n"
        "  See its own log (journalctl -u docker), and run again."
    )
    body = b'{"message": "out of order"}'
    answer = b"HTTP/1.1 500 Error\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with server(path, answer), pytest.raises(ToolError) as error:
        Engine(path).containers("any")
    assert error.value.message == "The Docker engine refuses to answer: out of order"
    path.unlink()
    with pytest.raises(ToolError, match=r"^The Docker engine does not answer: "):
        _ = Engine(path).client


def test_an_image_that_is_not_there_has_no_id(engine: Engine) -> None:
    assert engine.image_id("mcumatrix/nobody:made-this") is None


def test_an_engine_that_would_leave_out_a_limit_is_refused() -> None:
    check_engine(GOOD)
    for name, message in (
        ("MemoryLimit", "The Docker engine cannot limit memory of a build."),
        ("PidsLimit", "The Docker engine cannot limit the number of processes of a build."),
    ):
        with pytest.raises(ToolError) as error:
            check_engine(GOOD | {name: False})
        assert str(error.value) == (
            f"{message}\n  Build with the toolchain on PATH instead, or with an engine that runs as root."
        )


@pytest.mark.parametrize("option", ["name=rootless", "name=userns"])
def test_an_engine_that_renumbers_users_is_refused(option: str) -> None:
    with pytest.raises(ToolError, match=r"^The Docker engine renumbers users "):
        check_engine(GOOD | {"SecurityOptions": [option]})
