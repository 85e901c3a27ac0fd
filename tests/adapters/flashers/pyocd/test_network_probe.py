"""Probes behind a network: found by host and port, never waited for without end, and given up for good."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from mcumatrix.adapters.flashers.pyocd.finding import find_probe
from mcumatrix.adapters.flashers.pyocd.flasher import PyocdFlasher
from mcumatrix.errors import FlashError, FlashFault
from mcumatrix.hashing import hash_file
from mcumatrix.model.catalogue import Board, BoardKind, Timeouts
from mcumatrix.model.image import Image, Sizes, ToolchainIdentity
from mcumatrix.model.record import Flashed
from support.ports import free_port
from support.probe_server import PATIENCE_S, Answer, Server, well_behaved
from vstm32.app.daemon import Daemon

ENTRY = Board(
    "remote",
    BoardKind.VIRTUAL,
    "stm32f746g_disco",
    "stm32f746xg",
    timeouts=Timeouts(connect_s=10.0, program_s=20.0),
)
HURRIED = replace(ENTRY, timeouts=Timeouts(connect_s=0.2, program_s=20.0))


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    """Starts a server with these answers."""
    with ExitStack() as stack:

        def start(answer: Answer) -> Server:
            server = Server(answer)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSTM32_BOARDS", str(tmp_path_factory.mktemp("running")))
        made = Daemon()
        yield made
        made.close()


@pytest.mark.parametrize(
    ("wanted", "unique_id"),
    [
        ("remote:lab1:5555", "remote:lab1:5555"),
        ("Remote:lab1.example.org:1", "remote:lab1.example.org:1"),
        ("remote:[::1]:65535", "remote:[::1]:65535"),
    ],
)
def test_a_probe_is_named_by_host_and_port_and_not_asked_before_it_is_opened(
    wanted: str, unique_id: str
) -> None:
    probe = find_probe(wanted)
    assert (probe.unique_id, probe.is_open) == (unique_id, False)


@pytest.mark.parametrize(
    "wanted", ["remote:", "remote:lab1", "remote:lab1:", "remote::5555", "remote:lab1:65536"]
)
def test_a_name_without_host_and_port_is_refused(wanted: str) -> None:
    with pytest.raises(FlashError) as error:
        find_probe(wanted)
    assert str(error.value) == (
        f"the probe {wanted} names no host and port\n"
        "  Write it as in 'remote:lab1:5555', with the port of `pyocd server`."
    )
    assert error.value.fault is FlashFault.NO_PROBE


def test_a_server_that_is_not_there_is_a_link_that_broke(serve: Callable[[Answer], Server]) -> None:
    server = serve(well_behaved)
    server.close()
    with pytest.raises(FlashError) as error:
        PyocdFlasher().connect(ENTRY, f"remote:127.0.0.1:{server.port}")
    assert error.value.message == (
        f"the link to the board broke, through the probe remote:127.0.0.1:{server.port}: "
        f"its server cannot be reached at 127.0.0.1:{server.port}: Connection refused"
    )
    assert error.value.fault is FlashFault.DISCONNECTED


def test_a_server_that_is_silent_is_given_up_and_keeps_the_probe_for_nobody(
    serve: Callable[[Answer], Server],
) -> None:
    server = serve(lambda request: None if request["request"] == "connect" else well_behaved(request))
    with pytest.raises(FlashError) as error:
        PyocdFlasher().connect(HURRIED, f"remote:127.0.0.1:{server.port}")
    assert error.value.message == "connecting to the board did not end within 0.2 s"
    assert error.value.fault is FlashFault.FLASH_TIMEOUT
    assert server.has_lost_its_client()


@pytest.fixture
def stock_server(daemon: Daemon) -> Iterator[int]:
    """The port at which pyOCD's own server has the probe of the virtual board."""
    port = free_port()
    pyocd = Path(sys.executable).with_name("pyocd")
    command = [pyocd, "server", "--local-only", "-u", daemon.uid, "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < give_up_at
                assert process.poll() is None
                time.sleep(0.05)
        yield port
        process.terminate()


def test_a_board_behind_a_server_is_flashed_as_one_on_this_machine(
    daemon: Daemon, stock_server: int, tmp_path: Path
) -> None:
    binary = tmp_path / "image.bin"
    image = Image(
        "0" * 16, binary, binary, "e" * 64, "b" * 64, Sizes(250, 0, 0, {}), ToolchainIdentity("", "")
    )
    for data, port in ((bytes(range(250)), daemon.description.debug_port), (bytes(250), stock_server)):
        binary.write_bytes(data)
        probe = f"remote:localhost:{port}"
        with PyocdFlasher().connect(ENTRY, probe) as debugger:
            assert debugger.program(image) == Flashed(probe, hash_file(binary), 250)


def test_what_went_wrong_is_not_hidden_by_what_goes_wrong_in_letting_go(daemon: Daemon) -> None:
    probe = f"remote:localhost:{daemon.description.debug_port}"
    with (
        pytest.raises(FlashError, match="the reason"),
        PyocdFlasher().connect(ENTRY, probe) as debugger,
    ):
        debugger._board = replace(ENTRY, timeouts=Timeouts(connect_s=0.0))
        raise FlashError("the reason")
