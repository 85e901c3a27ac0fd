"""Requests and answers of the remote-probe protocol, without sockets."""

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyocd.probe import tcp_client_probe

from support.debug_fakes import RAM, RAM_BYTES, FakeBoard
from vstm32.base.errors import VirtualBoardError
from vstm32.debug.dap import CDBGPWRUPREQ, CTRL_STAT
from vstm32.debug.probe_protocol import MAX_REQUEST_BYTES, LineSplitter, ProbeRequests

NOWHERE = 0x6000_0000
STOCK_REQUESTS = set(
    re.findall(r"_perform_request(?:_without_raise)?\(\s*'(\w+)'", inspect.getsource(tcp_client_probe))
)
TOUCHING_THE_TARGET = [
    ("reset",),
    ("assert_reset", True),
    ("is_reset_asserted",),
    ("read_dp", 0),
    ("write_dp", 4, 0),
    ("read_ap", 0),
    ("write_ap", 4, 0),
    ("read_ap_multiple", 0, 2),
    ("write_ap_multiple", 4, [0]),
    ("read_mem", 0, RAM, 32),
    ("write_mem", 0, RAM, 1, 8),
    ("read_block32", 0, RAM, 1),
    ("write_block32", 0, RAM, [1]),
    ("read_block8", 0, RAM, 1),
    ("write_block8", 0, RAM, [1]),
]
USING_THE_WIRES = TOUCHING_THE_TARGET[3:]


class FreeProbe:
    """A claim that nobody disputes."""

    def __init__(self) -> None:
        self.taken = False
        self.other: str | None = None

    def take(self) -> str | None:
        self.taken = self.other is None
        return self.other

    def release(self) -> None:
        self.taken = False


class Client:
    """Asks as pyOCD does, with a board of its own."""

    def __init__(self) -> None:
        self.board = FakeBoard()
        self.claim = FreeProbe()
        self.requests = ProbeRequests(self.board, self.claim)
        self._id = 0

    def answer(self, name: str, *arguments: object) -> dict[str, Any]:
        self._id += 1
        request = {"id": self._id, "request": name, "arguments": arguments}
        answer = json.loads(self.requests.handle_request(json.dumps(request).encode()))
        assert answer.pop("id") == self._id
        assert isinstance(answer, dict)
        return answer

    def ask(self, name: str, *arguments: object) -> object:
        answer = self.answer(name, *arguments)
        assert answer["status"] == 0, answer
        return answer["result"]

    def refusal(self, name: str, *arguments: object) -> tuple[int, str]:
        answer = self.answer(name, *arguments)
        return answer["status"], answer["error"]


def connected() -> Client:
    client = Client()
    client.ask("hello", 1)
    client.ask("open")
    client.ask("connect", "DEFAULT")
    client.ask("write_dp", CTRL_STAT, CDBGPWRUPREQ)
    return client


def test_every_request_that_pyocd_can_make_is_known() -> None:
    assert {"hello", "readprop", "lock", "read_block32"} < STOCK_REQUESTS
    for name in STOCK_REQUESTS:
        assert "there is no request" not in str(Client().answer(name, *range(9)))


def test_the_probe_tells_what_it_is_and_can() -> None:
    client = Client()
    names = ("vendor_name", "product_name", "supported_wire_protocols", "wire_protocol", "capabilities")
    assert [client.ask("readprop", name) for name in names] == [
        "mcumatrix",
        "virtual STM32F746NG board",
        ["DEFAULT", "SWD"],
        None,
        ["BANKED_DP_REGISTERS"],
    ]
    assert client.refusal("readprop", "colour") == (1, "the probe has no property 'colour'")
    assert client.refusal("readprop", ["a"]) == (1, "the probe has no property ['a']")


def test_the_wire_protocol_is_swd_from_connect_to_disconnect_or_close() -> None:
    client = Client()
    client.ask("open")
    for ending in ("disconnect", "close"):
        client.ask("open")
        for protocol in ("DEFAULT", "SWD"):
            client.ask("connect", protocol)
            assert client.ask("readprop", "wire_protocol") == "SWD"
        client.ask(ending)
        assert client.ask("readprop", "wire_protocol") is None


@pytest.mark.parametrize(
    ("protocol", "refusal"),
    [
        ("JTAG", (3, "the debug port of the virtual board speaks SWD only, not JTAG")),
        ("I2C", (1, "there is no wire protocol 'I2C'")),
        (None, (1, "there is no wire protocol None")),
    ],
)
def test_no_other_wire_protocol_can_be_connected(protocol: object, refusal: tuple[int, str]) -> None:
    client = Client()
    client.ask("open")
    assert client.refusal("connect", protocol) == refusal


def test_another_version_of_the_protocol_is_refused() -> None:
    assert Client().refusal("hello", 2) == (1, "the client speaks protocol version 2, the probe 1")


def test_an_open_probe_is_taken_and_a_closed_one_given_back() -> None:
    client = Client()
    client.ask("open")
    assert client.claim.taken
    assert client.requests.is_open
    client.ask("open")
    client.ask("close")
    assert not client.claim.taken
    assert not client.requests.is_open
    client.ask("close")


def test_a_probe_that_another_has_cannot_be_opened() -> None:
    client = Client()
    client.claim.other = "127.0.0.1:50000"
    assert client.refusal("open") == (3, "the probe is in use by 127.0.0.1:50000")
    assert not client.requests.is_open
    assert client.refusal("connect", "SWD") == (3, "the probe is not open")


@pytest.mark.parametrize("request_", TOUCHING_THE_TARGET)
def test_a_closed_probe_does_not_touch_the_target(request_: tuple[Any, ...]) -> None:
    client = Client()
    assert client.refusal(*request_) == (3, "the probe is not open")
    assert client.board.accesses == 0


@pytest.mark.parametrize("request_", [("connect", "SWD"), ("get_memory_interface_for_ap", 1, 0)])
def test_a_closed_probe_is_not_connected(request_: tuple[Any, ...]) -> None:
    assert Client().refusal(*request_) == (3, "the probe is not open")


@pytest.mark.parametrize("request_", USING_THE_WIRES)
def test_the_wires_are_used_only_when_connected(request_: tuple[Any, ...]) -> None:
    client = Client()
    client.ask("open")
    assert client.refusal(*request_) == (3, "the probe is not connected to its target")


@pytest.mark.parametrize("request_", [("open",), ("connect", "SWD"), *TOUCHING_THE_TARGET])
def test_without_power_the_probe_is_gone(request_: tuple[Any, ...]) -> None:
    client = connected()
    client.board.powered = False
    assert client.refusal(*request_) == (2, "the board has no power")
    for name in ("lock", "unlock", "flush", "disconnect", "close"):
        client.ask(name)
    assert client.ask("readprop", "wire_protocol") is None


@pytest.mark.parametrize("request_", TOUCHING_THE_TARGET)
def test_the_core_stands_still_while_its_bus_is_used(request_: tuple[Any, ...]) -> None:
    client = connected()
    client.ask(*request_)
    assert not client.board.bus.seen_running
    assert client.board.accesses == (0 if request_[0] in ("read_dp", "write_dp", "is_reset_asserted") else 1)


def test_registers_of_the_debug_port_and_of_the_access_port_are_read_and_written() -> None:
    client = connected()
    assert client.ask("read_dp", 0) == 0x5BA0_2477
    assert client.ask("read_dp", 4) == 0x3000_0000
    client.ask("write_dp", 8, 0x0000_00F0)
    assert client.ask("read_ap", 0x0000_00FC) == 0x7477_0001
    client.ask("write_dp", 8, 0)
    client.ask("write_ap", 0x0, 0x0300_0052)
    client.ask("write_ap", 0x4, RAM)
    assert client.ask("write_ap_multiple", 0xC, [1, 0xFFFF_FFFF]) is None
    client.ask("write_ap", 0x4, RAM)
    assert client.ask("read_ap_multiple", 0xC, 3) == [1, 0xFFFF_FFFF, 0]
    assert client.ask("read_ap_multiple", 0xC, 0) == []
    assert client.ask("read_ap", 0x4) == RAM + 12


def test_only_access_port_0_reaches_memory() -> None:
    client = connected()
    assert client.ask("get_memory_interface_for_ap", 1, 0) == 0
    assert client.ask("get_memory_interface_for_ap", 1, 1) is None
    assert client.ask("get_memory_interface_for_ap", 2, 0) is None
    assert client.refusal("get_memory_interface_for_ap", 3, 0) == (
        1,
        "there is no version 3 of access ports",
    )


def test_memory_is_read_and_written() -> None:
    client = connected()
    client.ask("write_block32", 0, RAM, [0x0403_0201, 0xFFFF_FFFF])
    client.ask("write_block8", 0, RAM + 5, [5, 255, 0])
    client.ask("write_mem", 0, RAM + 8, 0xBEEF, 16)
    client.ask("write_mem", 0, RAM + 10, 0x7F, 8)
    client.ask("write_mem", 0, RAM + 12, 0xDEAD_BEEF, 32)
    assert client.board.bus.ram[:16] == bytes.fromhex("01020304ff05ff00efbe7f00efbeadde")
    assert client.ask("read_block32", 0, RAM, 4) == [0x0403_0201, 0x00FF_05FF, 0x007F_BEEF, 0xDEAD_BEEF]
    assert client.ask("read_block8", 0, RAM + 1, 7) == [2, 3, 4, 255, 5, 255, 0]
    assert [client.ask("read_mem", 0, RAM + 8, size) for size in (8, 16, 32)] == [0xEF, 0xBEEF, 0x007F_BEEF]
    assert client.ask("read_block32", 0, RAM, 0) == client.ask("read_block8", 0, RAM, 0) == []


@given(data=st.binary(max_size=300), index=st.integers(0, RAM_BYTES - 300))
def test_a_block_comes_back_as_it_was_written(data: bytes, index: int) -> None:
    client = connected()
    client.ask("write_block8", 0, RAM + index, list(data))
    assert client.ask("read_block8", 0, RAM + index, len(data)) == list(data)
    words = [int.from_bytes(data[at : at + 4].ljust(4, b"\0"), "little") for at in range(0, len(data), 4)]
    client.ask("write_block32", 0, RAM, words)
    assert client.ask("read_block32", 0, RAM, len(words)) == words


@pytest.mark.parametrize(
    "request_",
    [
        ("read_mem", 0, NOWHERE, 32),
        ("write_mem", 0, NOWHERE, 1, 8),
        ("read_block32", 0, NOWHERE, 1),
        ("write_block32", 0, NOWHERE, [1]),
        ("read_block8", 0, NOWHERE, 1),
        ("write_block8", 0, NOWHERE, [1]),
    ],
)
def test_an_error_on_the_bus_is_a_transfer_fault_and_the_next_request_works(
    request_: tuple[Any, ...],
) -> None:
    client = connected()
    assert client.refusal(*request_) == (12, "the bus gives an error at 0x60000000")
    assert client.ask("read_mem", 0, RAM, 32) == 0


def test_an_error_through_the_access_port_is_a_transfer_fault_until_it_is_cleared() -> None:
    client = connected()
    client.ask("write_ap", 4, NOWHERE)
    assert client.refusal("read_ap", 0xC) == (12, "the bus gives an error at 0x60000000")
    sticky = (12, "an earlier error has not been cleared in ABORT (CTRL/STAT.STICKYERR)")
    assert client.refusal("read_ap_multiple", 0x4, 2) == sticky
    client.ask("write_dp", 0, 0x1E)
    assert client.ask("read_ap", 0x4) == NOWHERE


def test_a_block_past_the_end_of_the_address_space_is_a_transfer_fault() -> None:
    assert connected().refusal("read_block32", 0, 0xFFFF_FFFC, 2) == (
        12,
        "8 bytes at 0xfffffffc go beyond the end of the address space",
    )


def test_the_reset_pin_is_pulsed_held_and_let_go() -> None:
    client = Client()
    client.ask("open")
    assert client.ask("is_reset_asserted") is False
    client.ask("reset")
    assert client.board.reset_pin == [True, False]
    client.ask("assert_reset", True)
    assert client.ask("is_reset_asserted") is True
    client.ask("assert_reset", 0)
    assert client.ask("is_reset_asserted") is False
    client.ask("assert_reset", 1)
    assert client.board.reset_pin[2:] == [True, False, True]
    assert client.refusal("assert_reset", "yes") == (
        1,
        "the state of nRST is 'yes', neither true nor false",
    )


def test_a_clock_can_be_set_to_any_positive_frequency() -> None:
    client = Client()
    for frequency_hz in (1_000_000, 1.5e6, 1):
        client.ask("set_clock", frequency_hz)
    for wrong in (0, -5, "fast", True, None):
        assert client.refusal("set_clock", wrong) == (
            1,
            f"the clock is {wrong!r}, not a positive number of hertz",
        )


@pytest.mark.parametrize(
    "request_", [("swj_sequence", 8, 255), ("swd_sequence", []), ("jtag_sequence", 1, 1, False, 1)]
)
def test_bit_sequences_are_refused(request_: tuple[Any, ...]) -> None:
    assert connected().refusal(*request_) == (
        3,
        "the probe cannot send bit sequences, it selects the wire protocol itself",
    )


def test_there_is_no_swo() -> None:
    client = connected()
    assert client.ask("has_swo") is False
    for request in (("swo_start", 115_200), ("swo_stop",), ("swo_read",)):
        assert client.refusal(*request) == (3, "the probe has no SWO pin")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (("fly",), "there is no request 'fly'"),
        (("read_dp",), "read_dp takes 1 argument, not 0"),
        (("read_dp", 0, 0), "read_dp takes 1 argument, not 2"),
        (("open", 1), "open takes 0 arguments, not 1"),
        (("write_mem", 0, 0), "write_mem takes 4 arguments, not 2"),
        (("read_dp", "x"), "the address is 'x', not a whole number from 0 to 0xffffffff"),
        (("read_dp", True), "the address is True, not a whole number from 0 to 0xffffffff"),
        (("read_dp", 4.0), "the address is 4.0, not a whole number from 0 to 0xffffffff"),
        (("read_dp", -4), "the address is -4, not a whole number from 0 to 0xffffffff"),
        (("read_dp", 1 << 32), "the address is 4294967296, not a whole number from 0 to 0xffffffff"),
        (("read_dp", 0x10), "the debug port has no register at 0x10"),
        (("write_dp", 4, None), "the value is None, not a whole number from 0 to 0xffffffff"),
        (("read_ap", []), "the address is [], not a whole number from 0 to 0xffffffff"),
        (("write_ap", 0, -1), "the value is -1, not a whole number from 0 to 0xffffffff"),
        (
            ("read_ap_multiple", 0, 0x40_0001),
            "the length is 4194305, not a whole number from 0 to 0x400000",
        ),
        (
            ("write_ap_multiple", 0, [1, "2"]),
            "the data are not a list of whole numbers from 0 to 0xffffffff",
        ),
        (
            ("get_memory_interface_for_ap", 1, -1),
            "the access port is -1, not a whole number from 0 to 0xffffffff",
        ),
        (("read_mem", 1, RAM, 32), "there is no memory interface 1"),
        (("read_mem", None, RAM, 32), "the handle is None, not a whole number from 0 to 0xffffffff"),
        (("read_mem", 0, RAM, 64), "the size is 64, not 8, 16 or 32 bits"),
        (("read_mem", 0, RAM + 2, 32), "the address 0x20000002 is not a multiple of 4"),
        (("write_mem", 0, RAM + 1, 0, 16), "the address 0x20000001 is not a multiple of 2"),
        (("write_mem", 0, RAM, 256, 8), "the value is 256, not a whole number from 0 to 0xff"),
        (("read_block32", 0, RAM + 1, 1), "the address 0x20000001 is not a multiple of 4"),
        (("read_block32", 0, RAM, -1), "the length is -1, not a whole number from 0 to 0x400000"),
        (
            ("read_block8", 0, RAM, 1 << 25),
            "the length is 33554432, not a whole number from 0 to 0x1000000",
        ),
        (
            ("write_block32", 0, RAM, [1 << 32]),
            "the data are not a list of whole numbers from 0 to 0xffffffff",
        ),
        (("write_block32", 0, RAM, "abc"), "the data are not a list of whole numbers from 0 to 0xffffffff"),
        (("write_block8", 0, RAM, [256]), "the data are not a list of whole numbers from 0 to 0xff"),
        (("write_block8", 0, RAM, [1.5]), "the data are not a list of whole numbers from 0 to 0xff"),
        (("write_block8", 0, RAM, 7), "the data are not a list of whole numbers from 0 to 0xff"),
    ],
)
def test_a_wrong_request_is_refused_with_what_is_wrong_and_the_next_one_works(
    request_: tuple[Any, ...], error: str
) -> None:
    client = connected()
    assert client.refusal(*request_) == (1, error)
    assert client.ask("read_mem", 0, RAM, 32) == 0


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"", '{"id": -1, "status": 1, "error": "the request is not JSON"}'),
        (b"hello", '{"id": -1, "status": 1, "error": "the request is not JSON"}'),
        (b"\xff\xfe\x00", '{"id": -1, "status": 1, "error": "the request is not JSON"}'),
        (b"[" * 100_000, '{"id": -1, "status": 1, "error": "the request is not JSON"}'),
        (b"[1]", '{"id": -1, "status": 1, "error": "the request is not a JSON object"}'),
        (b"{}", '{"id": -1, "status": 1, "error": "the request has no id that is a whole number"}'),
        (b'{"id": "7"}', '{"id": -1, "status": 1, "error": "the request has no id that is a whole number"}'),
        (b'{"id": 7}', '{"id": 7, "status": 1, "error": "the request has no name"}'),
        (b'{"id": 7, "request": []}', '{"id": 7, "status": 1, "error": "the request has no name"}'),
        (
            b'{"id": 7, "request": "open", "arguments": {}}',
            '{"id": 7, "status": 1, "error": "the arguments are not a list"}',
        ),
        (b'{"id": 7, "request": "flush"}', '{"id": 7, "status": 0, "result": null}'),
    ],
)
def test_every_line_gets_an_answer(line: bytes, answer: str) -> None:
    assert Client().requests.handle_request(line) == answer.encode() + b"\n"


def test_a_request_that_is_too_long_is_refused() -> None:
    client = Client()
    answer = client.requests.handle_request(b" " * (MAX_REQUEST_BYTES + 1))
    assert answer == b'{"id": -1, "status": 1, "error": "the request is longer than 67108864 bytes"}\n'


def test_what_the_board_cannot_do_is_an_error_of_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    client = connected()

    def broken(asserted: bool) -> None:
        raise VirtualBoardError("The board is closed.", hint="Start another.")

    monkeypatch.setattr(client.board, "assert_reset", broken)
    assert client.refusal("reset") == (3, "The board is closed.")


def test_a_fault_inside_the_board_is_logged_and_answered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = connected()

    def broken(address: int, size_bytes: int) -> int:
        raise KeyError("GPIOZ")

    monkeypatch.setattr(client.board.bus, "read", broken)
    assert client.refusal("read_mem", 0, RAM, 32) == (1, "the virtual board failed: KeyError: 'GPIOZ'")
    assert [record.message for record in caplog.records] == ["A request of a debugger failed."]
    assert client.ask("read_block8", 0, RAM, 1) == [0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([0, 1, 4, 32, RAM]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def check_answered(requests: ProbeRequests, line: bytes) -> None:
    answer = requests.handle_request(line)
    assert answer.endswith(b"\n")
    assert answer.count(b"\n") == 1
    fields = json.loads(answer)
    assert isinstance(fields["id"], int)
    assert ("result" in fields) is (fields["status"] == 0)
    assert ("error" in fields) is (fields["status"] != 0)
    assert "the virtual board failed" not in fields.get("error", "")


@given(st.binary(max_size=200))
def test_garbage_is_answered(line: bytes) -> None:
    check_answered(connected().requests, line)


@given(json_values)
def test_json_that_is_no_request_is_answered(value: object) -> None:
    check_answered(connected().requests, json.dumps(value).encode())


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(STOCK_REQUESTS)), st.lists(json_values, max_size=4)), max_size=8
    )
)
def test_wild_arguments_are_answered(calls: list[tuple[str, list[object]]]) -> None:
    client = connected()
    for name, arguments in calls:
        line = json.dumps({"id": 1, "request": name, "arguments": arguments}).encode()
        check_answered(client.requests, line)


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    data=st.data(),
)
def test_lines_come_out_whole_however_they_arrive(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines) + b"rest"
    splitter = LineSplitter()
    received: list[bytes] = []
    while stream:
        length = data.draw(st.integers(1, len(stream)))
        received += splitter.feed(stream[:length])
        stream = stream[length:]
    assert received == lines


@pytest.mark.parametrize("arrives", [lambda text: [text], lambda text: [bytes([byte]) for byte in text]])
def test_of_a_line_that_is_too_long_only_the_start_is_kept(arrives: Callable[[bytes], list[bytes]]) -> None:
    splitter = LineSplitter(max_bytes=4)
    received = [line for piece in arrives(b"1234\n1234567890\nab\n") for line in splitter.feed(piece)]
    assert received == [b"1234", b"12345", b"ab"]
