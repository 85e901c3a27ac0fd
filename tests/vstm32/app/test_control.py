"""Requests and answers of the control port."""

import json
import socket
from collections.abc import Iterator, Mapping
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
def server() -> Iterator[ControlServer]:
    made = ControlServer(HANDLERS)
    yield made
    made.close()


def test_a_request_is_carried_out_and_answered(server: ControlServer) -> None:
    assert ask(server.port, "power", on=True) == {"powered": True}


def test_a_refusal_comes_with_its_sentence_and_hint(server: ControlServer) -> None:
    with pytest.raises(VirtualBoardError) as error:
        ask(server.port, "power")
    assert str(error.value) == "Power is on or off.\n  Say which."


def test_an_unknown_request_names_those_that_there_are(server: ControlServer) -> None:
    with pytest.raises(VirtualBoardError) as error:
        ask(server.port, "explode")
    assert str(error.value) == "The virtual board cannot do 'explode'.\n  It can: power."


def test_one_connection_takes_many_requests_also_after_a_bad_one(server: ControlServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        stream = connection.makefile("rwb")
        answers = []
        for line in (b'{"do": "power", "on": true}\n', b"garbage\n", b'{"do": "power", "on": false}\n'):
            stream.write(line)
            stream.flush()
            answers.append(json.loads(stream.readline())["ok"])
    assert answers == [True, False, True]


def test_it_listens_on_this_machine_only(server: ControlServer) -> None:
    assert server._server.server_address[0] == "127.0.0.1"


def test_nobody_at_the_port_is_said_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(VirtualBoardError) as error:
        ask(port, "status")
    assert error.value.message.startswith(f"The virtual board at port {port} does not answer: ")


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
