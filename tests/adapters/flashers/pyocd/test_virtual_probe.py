"""Probes of virtual boards: found by announcements, and never waited for without end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import repeat
from typing import Any

import pyocd  # noqa: F401  before our modules, which are loaded by it
import pytest
from pyocd.core import exceptions
from pyocd.core.session import Session
from pyocd.probe.aggregator import DebugProbeAggregator
from pyocd.probe.debug_probe import DebugProbe

from mcumatrix.adapters.flashers.pyocd.network_probe import ProbeConnection, ProbeSilentError
from mcumatrix.adapters.flashers.pyocd.virtual_probe import VirtualBoardProbe
from support.probe_server import Answer, HangUpError, Server, well_behaved
from vstm32.app.running import RunningBoard, announce

UID = "VB0123456789ABCDEF01234567"
NAME = f"the virtual board {UID}"


@pytest.fixture
def serve(tmp_path, monkeypatch) -> Iterator[Callable[[Answer], Server]]:
    """Starts a server with these answers, and announces it as a virtual board."""
    monkeypatch.setenv("VSTM32_BOARDS", str(tmp_path / "vboards"))
    with ExitStack() as stack:

        def start(answer: Answer) -> Server:
            server = Server(answer)
            stack.callback(server.close)
            board = RunningBoard(
                UID, 1, server.port, "/dev/pts/7", "/run/control", "lab-0", "STM32F746NG", "stm32f746xg"
            )
            stack.enter_context(announce(board))
            return server

        yield start


@pytest.fixture
def the_probe() -> Iterator[Callable[[], VirtualBoardProbe]]:
    """Finds the probe of the only board; it is given back at the end of the test."""
    with ExitStack() as stack:

        def find() -> VirtualBoardProbe:
            (probe,) = VirtualBoardProbe.get_all_connected_probes()
            stack.callback(probe.close)
            return probe

        yield find


# --- found


def test_boards_that_run_are_probes_of_pyocd(serve, the_probe):
    assert VirtualBoardProbe.get_all_connected_probes() == []
    serve(well_behaved)
    probe = the_probe()
    assert (probe.unique_id, probe.vendor_name, probe.product_name, probe.description) == (
        UID,
        "mcumatrix",
        "Virtual STM32F746NG",
        "mcumatrix Virtual STM32F746NG",
    )


@pytest.mark.parametrize("wanted", [UID, UID.lower(), UID[:6], f"vboard:{UID}"])
def test_a_probe_is_found_by_its_unique_id_or_a_part_of_it(serve, wanted):
    serve(well_behaved)
    probes = DebugProbeAggregator.get_all_connected_probes(wanted)
    assert [probe.unique_id for probe in probes] == [UID]


def test_another_unique_id_finds_nothing(serve):
    serve(well_behaved)
    assert VirtualBoardProbe.get_probe_with_id("VB01") is None


def test_nobody_needs_to_name_the_target(serve, the_probe):
    serve(well_behaved)
    session = Session(the_probe(), no_config=True)
    assert session.board.target_type == "stm32f746xg"
    assert (session.board.vendor, session.board.name) == ("mcumatrix", "Virtual STM32F746NG lab-0")


def test_who_names_a_target_gets_that(serve, the_probe):
    serve(well_behaved)
    session = Session(the_probe(), no_config=True, target_override="cortex_m")
    assert session.board.target_type == "cortex_m"


def test_a_folder_that_cannot_be_used_is_a_warning_and_no_probe(tmp_path, monkeypatch, caplog):
    (tmp_path / "vboards").touch()
    monkeypatch.setenv("VSTM32_BOARDS", str(tmp_path / "vboards"))
    assert VirtualBoardProbe.get_all_connected_probes() == []
    assert "vboards is to have the virtual boards that run, and is no folder." in caplog.text


# --- a conversation


def test_a_probe_is_opened_used_and_closed(serve, the_probe):
    server = serve(well_behaved)
    probe = the_probe()
    assert not probe.is_open
    assert probe.capabilities == set()
    probe.open()
    assert probe.is_open
    assert probe.capabilities == {DebugProbe.Capability.BANKED_DP_REGISTERS}
    assert probe.wire_protocol is None
    probe.connect()
    assert probe.wire_protocol is DebugProbe.Protocol.SWD
    assert probe.read_dp(0) == 0x5BA0_2477
    probe.disconnect()
    assert probe.wire_protocol is None
    probe.close()
    assert not probe.is_open
    assert server.requests == [
        *("hello", "open", "readprop"),
        *("connect", "readprop", "read_dp", "disconnect", "close"),
    ]


def test_a_probe_can_be_opened_again(serve, the_probe):
    serve(well_behaved)
    probe = the_probe()
    for _ in range(2):
        probe.open()
        assert probe.read_dp(0) == 0x5BA0_2477
        probe.close()


def test_locking_is_not_asked_of_the_board(serve, the_probe):
    server = serve(well_behaved)
    probe = the_probe()
    probe.open()
    probe.lock()
    probe.lock()
    probe.unlock()
    probe.unlock()
    probe.close()
    assert not {"lock", "unlock"} & set(server.requests)


def test_an_answer_may_come_in_pieces_and_be_long(serve, the_probe):
    words = list(range(50_000))

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"result": words} if request["request"] == "read_ap_multiple" else well_behaved(request)

    serve(answer)
    probe = the_probe()
    probe.open()
    assert probe.read_ap_multiple(0xC, len(words)) == words


def test_a_probe_that_is_in_use_says_so_and_is_not_open(serve, the_probe):
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["request"] == "open":
            return {"status": 3, "error": "the probe is in use by 127.0.0.1:40000"}
        return well_behaved(request)

    serve(answer)
    probe = the_probe()
    with pytest.raises(exceptions.ProbeError, match=r"in use by 127\.0\.0\.1:40000"):
        probe.open()
    assert not probe.is_open


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (2, exceptions.ProbeDisconnected),
        (3, exceptions.ProbeError),
        (10, exceptions.TransferError),
        (11, exceptions.TransferTimeoutError),
        (12, exceptions.TransferFaultError),
    ],
)
def test_errors_of_the_board_are_errors_of_pyocd(serve, the_probe, status, kind):
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["request"] == "read_ap":
            return {"status": status, "error": "so it is"}
        return well_behaved(request)

    serve(answer)
    probe = the_probe()
    probe.open()
    with pytest.raises(kind, match="so it is") as raised:
        probe.read_ap(0xC)
    assert type(raised.value) is kind
    assert probe.read_dp(0) == 0x5BA0_2477


# --- the other side is gone


def test_a_board_that_is_gone_is_disconnected(serve, the_probe):
    server = serve(well_behaved)
    probe = the_probe()
    server.close()
    with pytest.raises(exceptions.ProbeDisconnected) as raised:
        probe.open()
    assert str(raised.value) == f"{NAME} cannot be reached at 127.0.0.1:{server.port}: Connection refused"
    assert not probe.is_open


@pytest.mark.parametrize(
    ("rudely", "sentence"),
    [(False, f"{NAME} has hung up"), (True, f"{NAME} is gone: Connection reset by peer")],
)
def test_a_board_that_hangs_up_is_disconnected_and_stays_so(serve, the_probe, rudely, sentence):
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["request"] == "read_dp":
            raise HangUpError(rudely=rudely)
        return well_behaved(request)

    server = serve(answer)
    probe = the_probe()
    probe.open()
    probe.connect()
    for _ in range(2):
        with pytest.raises(exceptions.ProbeDisconnected) as raised:
            probe.read_dp(0)
        assert str(raised.value) == sentence
    assert probe.wire_protocol is DebugProbe.Protocol.SWD
    probe.disconnect()
    probe.close()
    assert (probe.wire_protocol, probe.is_open) == (None, False)
    assert server.requests[-1] == "read_dp"


def test_an_answer_that_is_cut_off_is_a_board_that_hung_up(serve, the_probe):
    def half_an_answer() -> Iterator[bytes]:
        yield b'{"id": 3, "sta'
        raise HangUpError

    serve(lambda request: half_an_answer() if request["request"] == "read_dp" else well_behaved(request))
    probe = the_probe()
    probe.open()
    with pytest.raises(exceptions.ProbeDisconnected, match="has hung up"):
        probe.read_dp(0)


@pytest.mark.parametrize(
    "nonsense", [b"\n", b"hello\n", b"7\n", b"\xff\xfe\n", b'{"status": 0}\n', b"[1, 2]\n", b"null\n"]
)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_probe(serve, the_probe, nonsense):
    serve(lambda request: [nonsense] if request["request"] == "read_dp" else well_behaved(request))
    probe = the_probe()
    probe.open()
    with pytest.raises(exceptions.ProbeError):
        probe.read_dp(0)


# --- the other side is silent


def test_a_silent_board_is_not_waited_for_without_end(serve, the_probe):
    serve(lambda request: None if request["request"] == "read_dp" else well_behaved(request))
    probe = the_probe()
    probe.open()
    probe._socket.answer_timeout_s = 0.05
    with pytest.raises(ProbeSilentError) as raised:
        probe.read_dp(0)
    assert str(raised.value) == f"{NAME} did not answer within 0.05 s"
    assert isinstance(raised.value, exceptions.ProbeError)


def test_an_answer_that_comes_late_is_not_taken_for_another(serve, the_probe):
    late = threading.Event()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["request"] == "read_dp":
            late.wait()
        return well_behaved(request)

    serve(answer)
    probe = the_probe()
    probe.open()
    probe._socket.answer_timeout_s = 0.05
    with pytest.raises(ProbeSilentError):
        probe.read_dp(0)
    late.set()
    with pytest.raises(exceptions.ProbeDisconnected, match=r"did not answer within 0\.05 s"):
        probe.is_reset_asserted()
    probe.close()
    assert not probe.is_open


def test_an_answer_that_never_ends_is_not_waited_for_without_end(serve, the_probe):
    serve(lambda request: repeat(b" ") if request["request"] == "read_dp" else well_behaved(request))
    probe = the_probe()
    probe.open()
    probe._socket.answer_timeout_s = 0.05
    with pytest.raises(ProbeSilentError):
        probe.read_dp(0)


def test_closing_ends_the_wait_of_another_thread(serve, the_probe):
    asked = threading.Event()

    def answer(request: dict[str, Any]) -> dict[str, Any] | None:
        if request["request"] == "read_dp":
            asked.set()
            return None
        return well_behaved(request)

    serve(answer)
    probe = the_probe()
    probe.open()
    errors: list[Exception] = []

    def read() -> None:
        try:
            probe.read_dp(0)
        except exceptions.Error as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    asked.wait()
    probe.close()
    reader.join()
    assert [type(error) for error in errors] == [exceptions.ProbeDisconnected]
    assert str(errors[0]) == f"{NAME} is not connected"


def test_a_connection_waits_ten_seconds_unless_told_otherwise():
    assert ProbeConnection("it", "127.0.0.1", 1).answer_timeout_s == 10.0


def test_a_connection_that_was_never_made_is_no_connection():
    connection = ProbeConnection("it", "127.0.0.1", 1)
    connection.close()
    with pytest.raises(exceptions.ProbeDisconnected, match="it is not connected"):
        connection.write(b"")
