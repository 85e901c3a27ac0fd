"""What labgrid's client says of a place, read as far as a run needs it."""

import pytest

from mcumatrix.adapters.boards.labgrid.place import Place, Resource, read_place
from mcumatrix.errors import FlashError, FlashFault, ToolError

# As labgrid-client 26.0.1 prints it.
SHOWN = """\
Place 'disco-1':
  aliases: board, anna:mine
  comment: On the shelf
  matches:
    host/board/*
  acquired: lab1/anna
  acquired resources:
    host/board/NetworkSerialPort/NetworkSerialPort
    host/board/NetworkService/probe
  created: 2026-11-27 22:30:35.761568
  changed: 2026-11-27 22:30:37.223651
Acquired resource 'NetworkSerialPort' (host/board/NetworkSerialPort/NetworkSerialPort):
  {'acquired': 'disco-1',
   'avail': True,
   'cls': 'NetworkSerialPort',
   'params': {'extra': {'proxy': 'host', 'proxy_required': False},
              'host': 'host',
              'port': 4000,
              'speed': 115200}}
Orphaned resource 'lost' (host/board/NetworkService/lost)
Acquired resource 'probe' (host/board/NetworkService/probe):
  {'acquired': 'disco-1',
   'avail': True,
   'cls': 'NetworkService',
   'params': {'address': '192.0.2.7', 'extra': {}, 'port': 5555, 'username': 'x'}}
"""


def _serial(name: str = "NetworkSerialPort", **parameters: object) -> Resource:
    told = {"host": "host", "port": 4000, **parameters}
    return Resource(name, f"host/board/NetworkSerialPort/{name}", "NetworkSerialPort", True, told)


def _service(name: str, port: int = 5555) -> Resource:
    return Resource(
        name, f"host/board/NetworkService/{name}", "NetworkService", True, {"address": "::1", "port": port}
    )


def test_a_place_has_its_holder_its_names_and_what_belongs_to_it() -> None:
    place = read_place(SHOWN)
    assert (place.name, place.holder, place.aliases) == ("disco-1", "lab1/anna", ("board", "anna:mine"))
    assert [one.name for one in place.resources] == ["NetworkSerialPort", "probe"]
    assert (place.serial_port(), place.probe()) == ("rfc2217://host:4000", "remote:192.0.2.7:5555")


def test_nobody_has_a_place_of_which_it_is_said_so() -> None:
    assert read_place(SHOWN.replace("lab1/anna", "None")).holder == ""


@pytest.mark.parametrize(
    ("name", "is_it"), [("disco-1", True), ("board", True), ("mine", True), ("disco", False), ("oar", False)]
)
def test_a_part_of_a_name_is_no_name(name: str, is_it: bool) -> None:
    assert read_place(SHOWN).is_called(name) is is_it


def test_a_raw_port_is_a_socket_and_addresses_of_ipv6_have_brackets() -> None:
    place = Place("a", resources=(_serial(protocol="raw", host="::1"), _service("x"), _service("ssh", 22)))
    assert (place.serial_port(), place.probe()) == ("socket://[::1]:4000", "remote:[::1]:5555")


def test_among_several_those_are_meant_that_are_called_so() -> None:
    place = Place(
        "a", resources=(_serial("b"), _serial("console", port=1), _service("c", 9), _service("probe"))
    )
    assert (place.serial_port(), place.probe()) == ("rfc2217://host:1", "remote:[::1]:5555")


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ((), "the place a of labgrid has no one NetworkSerialPort as its console; there: none"),
        (
            (_serial("b"), _serial("c")),
            "the place a of labgrid has no one NetworkSerialPort as its console; there: b, c",
        ),
        (
            (_serial(port=None),),
            "the place a of labgrid has a NetworkSerialPort that is not there at the moment "
            "(host/board/NetworkSerialPort/NetworkSerialPort)",
        ),
        (
            (_serial(extra={"proxy_required": True}),),
            "the place a of labgrid has its NetworkSerialPort behind SSH alone, which is not supported",
        ),
    ],
)
def test_what_a_place_lacks_is_said(resources: tuple[Resource, ...], sentence: str) -> None:
    with pytest.raises(FlashError) as error:
        Place("a", resources=resources).serial_port()
    assert (error.value.message, error.value.fault) == (sentence, FlashFault.NO_PROBE)
    assert error.value.hint


@pytest.mark.parametrize(
    "text",
    ["", "hello\n", SHOWN.replace("'avail': True,", "'avail': f(),"), SHOWN.replace("'cls'", "'class'")],
)
def test_another_text_is_not_understood(text: str) -> None:
    with pytest.raises(ToolError, match=r"^labgrid-client describes a place in a way that is not"):
        read_place(text)
