"""Requests and answers of the control port."""

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vstm32.app.control import ControlServer, answer, ask
from vstm32.base.errors import VirtualBoardError


def _switch(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if "on" not in request:
        raise VirtualBoardError("Power is on or off.", hint="Say which.")
    return {"powered": request["on"]}


HANDLERS = {"power": _switch}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer]:
    folder = tmp_path / ("deep" * 40)
    folder.mkdir()
    made = ControlServer(folder / "control", HANDLERS)
    yield made
    made.close()


def test_a_request_is_carried_out_and_answered(server: ControlServer) -> None:
    assert ask(server.path, "power", on=True) == {"powered": True}


def test_a_refusal_comes_with_its_sentence_and_hint(server: ControlServer) -> None:
    with pytest.raises(VirtualBoardError) as error:
        ask(server.path, "power")
    assert str(error.value) == "Power is on or off.\n  Say which."


def test_an_unknown_request_names_those_that_there_are(server: ControlServer) -> None:
    with pytest.raises(VirtualBoardError) as error:
        ask(server.path, "explode")
    assert str(error.value) == "The virtual board cannot do 'explode'.\n  It can: power."


def test_one_connection_takes_many_requests_also_after_a_bad_one(
    server: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(server.path.parent)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(server.path.name)
        stream = connection.makefile("rwb")
        answers = []
        for line in (b'{"do": "power", "on": true}\n', b"garbage\n", b'{"do": "power", "on": false}\n'):
            stream.write(line)
            stream.flush()
            answers.append(json.loads(stream.readline())["ok"])
    assert answers == [True, False, True]


def test_it_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server = ControlServer(tmp_path / "control", HANDLERS)
    finally:
        os.umask(before)
    mode = server.path.stat().st_mode
    server.close()
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_of_the_machine_is_not_let_in(tmp_path: Path) -> None:
    # A folder that everybody may enter, as a careless one would be: the socket itself keeps others out.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        server = ControlServer(Path(name) / "control", HANDLERS)
        script = (
            "import os, socket, sys\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", script, str(server.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        server.close()
    assert done.stderr.splitlines()[-1] == "PermissionError: [Errno 13] Permission denied"


def test_what_a_killed_board_has_left_is_replaced_and_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    server = ControlServer(path, HANDLERS)
    assert ask(path, "power", on=False) == {"powered": False}
    server.close()
    assert list(tmp_path.iterdir()) == []


def test_nobody_at_the_port_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "control"
    with pytest.raises(VirtualBoardError) as error:
        ask(path, "status")
    assert str(error.value) == (
        f"The virtual board at {path} does not answer: No such file or directory.\n  Has its program ended?"
    )


def test_a_place_where_no_socket_can_be_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "control"
    with pytest.raises(VirtualBoardError) as error:
        ControlServer(path, HANDLERS)
    assert str(error.value) == (
        f"The control port of the virtual board cannot be {path}: No such file or directory.\n"
        "  Name another folder in VSTM32_BOARDS."
    )


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_whatever_comes_there_is_an_answer(line: bytes) -> None:
    said = json.loads(answer(HANDLERS, line))
    assert said["ok"] is False
    assert said["error"]
