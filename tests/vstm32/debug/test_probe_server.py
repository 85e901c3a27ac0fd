"""The probe over real sockets, mostly with the client of pyOCD itself."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyocd.core import exceptions
from pyocd.core.session import Session
from pyocd.coresight.ap import AccessPort, APv1Address
from pyocd.probe.debug_probe import DebugProbe
from pyocd.probe.tcp_client_probe import TCPClientProbe

from support.debug_fakes import RAM, RAM_BYTES, FakeBoard
from vstm32.base.errors import VirtualBoardError
from vstm32.debug import probe_server
from vstm32.debug.dap import CDBGPWRUPREQ, CTRL_STAT
from vstm32.debug.probe_server import ProbeServer
from vstm32.stm32.rom_table import rom_table

NOWHERE = 0x6000_0000
DEMCR = 0xE000_EDFC
TIMEOUT_SECONDS = 60.0


class Bench:
    """A served board, and what happened to its clients."""

    def __init__(self) -> None:
        self.board = FakeBoard({**rom_table(0x449), DEMCR: 0})
        self.lost = threading.Semaphore(0)
        self.server = ProbeServer(self.board, client_lost=self._on_lost)
        self.server.start()
        self._sockets: list[socket.socket] = []

    def _on_lost(self) -> None:
        self.lost.release()

    def stock(self) -> TCPClientProbe:
        return TCPClientProbe(f"localhost:{self.server.port}")

    def raw(self) -> "RawClient":
        connection = socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT_SECONDS)
        self._sockets.append(connection)
        return RawClient(connection)

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()
        self.server.close()


class RawClient:
    """A client that does what it likes."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._lines = connection.makefile("rb")

    @property
    def name(self) -> str:
        host, port = self.connection.getsockname()
        return f"{host}:{port}"

    def send(self, name: str, *arguments: object, request_id: int = 1) -> None:
        request = {"id": request_id, "request": name, "arguments": arguments}
        self.connection.sendall(json.dumps(request).encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        answer = json.loads(self._lines.readline())
        assert isinstance(answer, dict)
        return answer

    def ask(self, name: str, *arguments: object) -> dict[str, Any]:
        self.send(name, *arguments)
        return self.receive()

    def close(self) -> None:
        self._lines.close()
        self.connection.close()

    def is_reset(self) -> bool:
        """Whether the other end has broken the connection, rather than ended it or sent something."""
        try:
            self.connection.recv(1)
        except ConnectionResetError:
            return True
        return False


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def probe(bench: Bench) -> Iterator[TCPClientProbe]:
    """pyOCD's client, connected to a target with power."""
    client = bench.stock()
    client.open()
    client.connect(DebugProbe.Protocol.SWD)
    client.write_dp(CTRL_STAT, CDBGPWRUPREQ)
    yield client
    client.close()


def test_pyocd_opens_connects_and_closes_the_probe(bench: Bench) -> None:
    client = bench.stock()
    client.open()
    assert (client.vendor_name, client.product_name) == ("mcumatrix", "virtual STM32F746NG board")
    assert client.capabilities == [DebugProbe.Capability.BANKED_DP_REGISTERS]
    assert client.supported_wire_protocols == [DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD]
    assert client.wire_protocol is None
    client.set_clock(1_000_000)
    client.connect()
    assert client.wire_protocol is DebugProbe.Protocol.SWD
    assert not client.has_swo()
    client.lock()
    client.flush()
    client.unlock()
    client.disconnect()
    assert client.wire_protocol is None
    client.close()
    assert not bench.lost.acquire(blocking=False)


def test_pyocd_reads_and_writes_registers(probe: TCPClientProbe) -> None:
    assert probe.read_dp(0) == 0x5BA0_2477
    assert probe.read_dp(CTRL_STAT, now=False)() == 0x3000_0000
    probe.write_ap(0x0, 0x0300_0052)
    probe.write_ap(0x4, RAM)
    probe.write_ap_multiple(0xC, [1, 2, 3])
    probe.write_ap(0x4, RAM)
    assert probe.read_ap(0xC) == 1
    assert probe.read_ap(0xC, now=False)() == 2
    assert probe.read_ap_multiple(0xC, 2) == [3, 0]


def test_pyocd_reads_and_writes_memory(probe: TCPClientProbe) -> None:
    memory = probe.get_memory_interface_for_ap(APv1Address(0))
    assert probe.get_memory_interface_for_ap(APv1Address(1)) is None
    memory.write_memory_block8(RAM + 1, [1, 2, 3])
    memory.write_memory_block32(RAM + 4, [0x0706_0504, 0xFFFF_FFFF])
    memory.write_memory(RAM + 8, 0xAB, 8)
    memory.write_memory(RAM + 10, 0xCDEF, 16)
    assert memory.read_memory_block32(RAM, 3) == [0x0302_0100, 0x0706_0504, 0xCDEF_FFAB]
    assert memory.read_memory_block8(RAM + 3, 3) == [3, 4, 5]
    assert memory.read_memory(RAM + 10, 16) == 0xCDEF
    assert memory.read_memory(RAM + 4, now=False)() == 0x0706_0504


def test_pyocd_moves_all_of_the_memory_at_once(bench: Bench, probe: TCPClientProbe) -> None:
    memory = probe.get_memory_interface_for_ap(APv1Address(0))
    data = bytes(index * 7 + (index >> 8) & 0xFF for index in range(RAM_BYTES))
    memory.write_memory_block8(RAM, list(data))
    assert bench.board.bus.ram == data
    assert bytes(memory.read_memory_block8(RAM, RAM_BYTES)) == data
    words = struct.unpack(f"<{RAM_BYTES // 4}I", data)
    assert tuple(memory.read_memory_block32(RAM, RAM_BYTES // 4)) == words
    memory.write_memory_block32(RAM, [~word & 0xFFFF_FFFF for word in words])
    assert bench.board.bus.ram == bytes(~byte & 0xFF for byte in data)


def test_pyocd_pulls_the_reset_pin(bench: Bench, probe: TCPClientProbe) -> None:
    probe.reset()
    assert bench.board.reset_pin == [True, False]
    probe.assert_reset(True)
    assert probe.is_reset_asserted()
    probe.assert_reset(False)
    assert not probe.is_reset_asserted()


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (
            lambda probe: probe.get_memory_interface_for_ap(APv1Address(0)).read_memory(NOWHERE),
            exceptions.TransferFaultError,
            "error received from server for command read_mem (status code 12): "
            "the bus gives an error at 0x60000000",
        ),
        (
            lambda probe: probe.read_ap_multiple(0xC, 1 << 23),
            exceptions.Error,
            "error received from server for command read_ap_multiple (status code 1): "
            "the length is 8388608, not a whole number from 0 to 0x400000",
        ),
        (
            lambda probe: probe.connect(DebugProbe.Protocol.JTAG),
            exceptions.ProbeError,
            "error received from server for command connect (status code 3): "
            "the debug port of the virtual board speaks SWD only, not JTAG",
        ),
        (
            lambda probe: probe.swj_sequence(8, 255),
            exceptions.ProbeError,
            "error received from server for command swj_sequence (status code 3): "
            "the probe cannot send bit sequences, it selects the wire protocol itself",
        ),
    ],
)
def test_pyocd_gets_errors_of_its_own_kinds(
    probe: TCPClientProbe, request_: Callable[[TCPClientProbe], object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        request_(probe)
    assert type(caught.value) is error
    assert text in str(caught.value)
    assert probe.read_dp(0) == 0x5BA0_2477


def test_pyocd_is_told_that_the_board_has_lost_its_power(bench: Bench, probe: TCPClientProbe) -> None:
    bench.board.powered = False
    with pytest.raises(exceptions.ProbeDisconnected, match="the board has no power"):
        probe.read_dp(0)


def test_a_session_of_pyocd_finds_the_access_port_and_the_components_behind_it(bench: Bench) -> None:
    client = bench.stock()
    session = Session(client, target_override="cortex_m")
    session.open(init_board=False)
    port = session.target.dp
    port.connect()
    assert port.dpidr.idr == 0x5BA0_2477
    assert [AccessPort.probe(port, number) for number in range(3)] == [True, False, False]
    access_port = AccessPort.create(port, APv1Address(0))
    access_port.find_components()
    found: list[str] = []
    access_port.rom_table.for_each(lambda component: found.append(component.name))
    assert found == ["SCS", "DWT", "FPB", "ITM", "TPIU"]
    port.disconnect()
    session.close()


def test_pyocd_crosses_the_wrap_of_the_address_without_a_memory_interface(bench: Bench) -> None:
    client = bench.stock()
    session = Session(client, target_override="cortex_m")
    session.open(init_board=False)
    session.target.dp.connect()
    access_port = AccessPort.create(session.target.dp, APv1Address(0))
    words = [0x0101_0101 * (index % 251) for index in range(700)]
    access_port._write_memory_block32(RAM + 0x3F8, words)
    assert bench.board.bus.ram[0x3F8 : 0x3F8 + 2800] == struct.pack("<700I", *words)
    assert access_port._read_memory_block32(RAM + 0x3F8, 700) == words
    for size in (8, 16, 32):
        access_port._write_memory(RAM + 0x7FC, 0x5A, size)
        assert access_port._read_memory(RAM + 0x7FC, size) == 0x5A
    with pytest.raises(exceptions.TransferFaultError):
        access_port._read_memory(NOWHERE)
    assert access_port._read_memory(RAM + 0x7FC) & 0xFF == 0x5A
    session.close()


def test_a_second_client_is_told_at_once_who_has_the_probe(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_server, "_RELEASE_SECONDS", 10 * TIMEOUT_SECONDS)
    first, second = bench.raw(), bench.raw()
    assert first.ask("open")["status"] == 0
    assert second.ask("open") == {"id": 1, "status": 3, "error": f"the probe is in use by {first.name}"}
    with pytest.raises(exceptions.ProbeError, match=f"the probe is in use by {first.name}"):
        bench.stock().open()
    assert first.ask("close")["status"] == 0
    assert second.ask("open")["status"] == 0


def test_a_client_that_has_gone_frees_the_probe_for_the_next(bench: Bench) -> None:
    for _ in range(20):
        gone = bench.raw()
        assert gone.ask("open")["status"] == 0
        gone.close()
        assert bench.raw().ask("hello", 1)["status"] == 0
        after = bench.raw()
        assert after.ask("open")["status"] == 0
        assert after.ask("close")["status"] == 0
        assert bench.lost.acquire(timeout=TIMEOUT_SECONDS)


def test_a_client_that_has_gone_in_the_middle_of_a_request_frees_the_probe(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(asserted: bool) -> None:
        entered.set()
        leave.wait(TIMEOUT_SECONDS)

    monkeypatch.setattr(bench.board, "assert_reset", slow)
    gone, next_one = bench.raw(), bench.raw()
    assert gone.ask("open")["status"] == 0
    gone.send("assert_reset", True)
    assert entered.wait(TIMEOUT_SECONDS)
    gone.close()
    next_one.send("open")
    leave.set()
    assert next_one.receive()["status"] == 0


def test_whoever_must_know_of_a_lost_client_knows_before_the_next_one_comes(bench: Bench) -> None:
    lost, next_one = bench.raw(), bench.raw()
    assert lost.ask("open")["status"] == 0
    lost.close()
    assert next_one.ask("open")["status"] == 0
    assert bench.lost.acquire(blocking=False)


def test_clients_that_close_or_never_opened_are_not_lost(bench: Bench) -> None:
    closed, never_opened, last = bench.raw(), bench.raw(), bench.raw()
    assert closed.ask("open")["status"] == 0
    assert closed.ask("close")["status"] == 0
    assert never_opened.ask("hello", 1)["status"] == 0
    closed.close()
    never_opened.close()
    assert last.ask("open")["status"] == 0
    bench.server.close()
    assert not bench.lost.acquire(blocking=False)


def test_requests_are_answered_in_their_order_however_they_arrive(bench: Bench) -> None:
    client = bench.raw()
    client.connection.sendall(b'{"id": 1, "request": "hello", "argu')
    client.connection.sendall(b'ments": [1]}\n{"id": 2, "request": "flush"}\nnonsense\n{"id": 3, "re')
    assert [client.receive()["id"] for _ in range(3)] == [1, 2, -1]
    client.connection.sendall(b'quest": "has_swo"}\n')
    assert client.receive() == {"id": 3, "status": 0, "result": False}


def test_a_client_that_has_finished_sending_still_gets_its_answers(bench: Bench) -> None:
    client = bench.raw()
    client.connection.sendall(b'{"id": 1, "request": "open"}\n' * 500)
    client.connection.shutdown(socket.SHUT_WR)
    assert [client.receive()["status"] for _ in range(500)] == [0] * 500
    assert client.connection.recv(1) == b""


@pytest.mark.parametrize("size_bytes", [1, 100, 70_000])
def test_the_cable_can_be_pulled_after_so_many_bytes(bench: Bench, size_bytes: int) -> None:
    client = bench.raw()
    for request in (("open",), ("connect", "SWD"), ("write_dp", CTRL_STAT, CDBGPWRUPREQ)):
        assert client.ask(*request)["status"] == 0
    bench.server.drop_after_bytes = size_bytes
    with contextlib.suppress(OSError):
        client.send("write_block8", 0, RAM, [7] * RAM_BYTES)
    assert client.is_reset()
    assert bench.lost.acquire(timeout=TIMEOUT_SECONDS)
    assert bench.server.drop_after_bytes is None
    assert bench.board.bus.ram == bytes(RAM_BYTES)
    assert bench.raw().ask("open")["status"] == 0


def test_a_cable_is_pulled_no_earlier_than_was_ordered(bench: Bench) -> None:
    client = bench.raw()
    request = b'{"id": 1, "request": "flush"}\n'
    bench.server.drop_after_bytes = 3 * len(request)
    for _ in range(2):
        client.connection.sendall(request)
        assert client.receive()["status"] == 0
    assert bench.server.drop_after_bytes == len(request)
    client.connection.sendall(request)
    assert client.is_reset()


def test_a_pulled_cable_can_be_thought_better_of(bench: Bench) -> None:
    bench.server.drop_after_bytes = 1
    bench.server.drop_after_bytes = None
    assert bench.raw().ask("hello", 1)["status"] == 0
    with pytest.raises(VirtualBoardError) as caught:
        bench.server.drop_after_bytes = 0
    assert str(caught.value) == "A connection cannot be dropped after 0 bytes.\n  Give 1 or more."


def test_pyocd_gets_an_error_when_the_cable_is_pulled(bench: Bench, probe: TCPClientProbe) -> None:
    bench.server.drop_after_bytes = 1
    assert isinstance(outcome(probe.read_dp, 0), OSError)
    with contextlib.suppress(OSError):
        probe._socket.close()
    probe._is_open = False


def test_pyocd_gets_an_error_when_the_server_ends(bench: Bench, probe: TCPClientProbe) -> None:
    bench.server.close()
    assert isinstance(outcome(probe.read_dp, 0), OSError)
    with contextlib.suppress(OSError):
        probe._socket.close()
    probe._is_open = False


def outcome(call: Callable[..., object], *arguments: object) -> object:
    """What a call gives or raises; a call that does not come back fails the test."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(call(*arguments))
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(TIMEOUT_SECONDS)
    assert results, "the call still waits"
    return results[0]


def test_a_request_under_way_ends_with_an_error_when_the_server_ends(
    bench: Bench, probe: TCPClientProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_server, "_JOIN_SECONDS", 0.05)
    entered, leave = threading.Event(), threading.Event()

    def slow(asserted: bool) -> None:
        entered.set()
        leave.wait(TIMEOUT_SECONDS)

    monkeypatch.setattr(bench.board, "assert_reset", slow)
    results: list[object] = []
    waiting = threading.Thread(target=lambda: results.append(outcome(probe.assert_reset, True)))
    waiting.start()
    assert entered.wait(TIMEOUT_SECONDS)
    closing = threading.Thread(target=bench.server.close)
    closing.start()
    leave.set()
    closing.join(TIMEOUT_SECONDS)
    assert not closing.is_alive()
    waiting.join(TIMEOUT_SECONDS)
    assert results[0] is None or isinstance(results[0], OSError)
    with contextlib.suppress(OSError):
        probe._socket.close()
    probe._is_open = False


def test_closing_ends_every_thread_also_of_clients_that_never_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_server, "_JOIN_SECONDS", 0.2)
    idle, deaf = bench.raw(), bench.raw()
    assert idle.ask("hello", 1)["status"] == 0
    for request in (("open",), ("connect", "SWD"), ("write_dp", CTRL_STAT, CDBGPWRUPREQ)):
        assert deaf.ask(*request)["status"] == 0
    for _ in range(200):
        deaf.send("read_block8", 0, RAM, RAM_BYTES)
    bench.server.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("debug-probe")]
    assert idle.is_reset()
    bench.server.close()


def test_after_closing_nobody_is_let_in(bench: Bench) -> None:
    bench.server.close()
    with pytest.raises(ConnectionRefusedError):
        bench.raw()


def test_a_connection_that_cannot_be_accepted_does_not_keep_out_the_next() -> None:
    server = ProbeServer(FakeBoard())
    listener = server._listener

    class Flaky:
        failures = 2

        def accept(self) -> object:
            if self.failures:
                self.failures -= 1
                raise ConnectionAbortedError
            return listener.accept()

        def __getattr__(self, name: str) -> object:
            return getattr(listener, name)

    server._listener = Flaky()  # type: ignore[assignment]
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_SECONDS) as connection:
        assert RawClient(connection).ask("hello", 1)["status"] == 0
    server.close()


def test_a_server_that_never_started_can_be_closed() -> None:
    server = ProbeServer(FakeBoard())
    server.close()
    again = ProbeServer(FakeBoard(), server.port)
    assert again.port == server.port
    again.close()


def test_only_this_machine_is_let_in(bench: Bench) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", bench.server.port), TIMEOUT_SECONDS)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_in_a_browser_cannot_send_requests(bench: Bench, method: str) -> None:
    client = bench.raw()
    body = json.dumps({"id": 1, "request": "open"}) + "\n"
    with contextlib.suppress(ConnectionError):
        # Byte by byte too: the first one decides.
        client.connection.sendall(method[:1].encode())
        client.connection.sendall(f"{method[1:]} / HTTP/1.1\r\nHost: x\r\n\r\n{body}".encode())
    with contextlib.suppress(ConnectionResetError):
        assert client.connection.recv(1) == b""
    assert bench.raw().ask("open")["status"] == 0


def test_a_port_that_is_taken_is_an_error_and_free_again_after_closing(bench: Bench) -> None:
    port = bench.server.port
    with pytest.raises(VirtualBoardError) as caught:
        ProbeServer(FakeBoard(), port)
    assert str(caught.value) == (
        f"The debug probe cannot listen on port {port}: Address already in use.\n"
        "  Give another port, or 0 for any free one."
    )
    assert bench.raw().ask("hello", 1)["status"] == 0
    bench.server.close()
    again = ProbeServer(FakeBoard(), port)
    assert again.port == port
    again.close()


def test_a_port_that_is_none_is_an_error() -> None:
    with pytest.raises(VirtualBoardError) as caught:
        ProbeServer(FakeBoard(), 65_536)
    assert str(caught.value) == (
        "The debug probe cannot listen on port 65536: ports are numbers up to 65535.\n"
        "  Give another port, or 0 for any free one."
    )


def test_a_killed_board_breaks_the_connection_so_that_pyocd_does_not_wait_for_ever() -> None:
    script = (
        "import sys, time\n"
        "from vstm32.debug.probe_server import ProbeServer\n"
        "from support.debug_fakes import FakeBoard\n"
        "server = ProbeServer(FakeBoard())\n"
        "server.start()\n"
        "print(server.port, flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    ) as board:
        assert board.stdout is not None
        client = TCPClientProbe(f"localhost:{int(board.stdout.readline())}")
        client.open()
        board.send_signal(signal.SIGKILL)
        board.wait()
        assert isinstance(outcome(client.read_dp, 0), OSError)
    with contextlib.suppress(OSError):
        client._socket.close()
