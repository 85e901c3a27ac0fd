"""Serial lines: pyserial's own loop:// and a pseudo-terminal."""

import os
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcumatrix.adapters.consoles.serial_port import SerialPort, attached_ports
from mcumatrix.errors import ConsoleError
from mcumatrix.model.attached import AttachedPort
from support.serial_server import SerialServer


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


@pytest.fixture(params=[True, False], ids=["rfc2217", "socket"])
def served(request: pytest.FixtureRequest, pty: tuple[int, str]) -> Iterator[tuple[int, SerialServer]]:
    """The board's end of a serial line, and a server on another host that has the other end."""
    server = SerialServer(pty[1], rfc2217=request.param)
    yield pty[0], server
    server.close()


def test_what_is_written_comes_back_on_a_loop() -> None:
    with SerialPort("loop://", 115_200) as port:
        port.write(b"CMD=1\r")
        assert port.read(1.0) + port.read(0.0) == b"CMD=1\r"


def test_reading_a_silent_line_returns_nothing_when_its_time_is_over(pty: tuple[int, str]) -> None:
    with SerialPort(pty[1], 115_200) as port:
        start = time.monotonic()
        assert port.read(0.05) == b""
        assert time.monotonic() - start >= 0.05


def test_bytes_without_a_line_end_are_returned_at_once(pty: tuple[int, str]) -> None:
    with SerialPort(pty[1], 115_200) as port:
        os.write(pty[0], b"no end")
        assert port.read(60.0) == b"no end"


def test_every_byte_value_passes_unchanged(pty: tuple[int, str]) -> None:
    every = bytes(range(256))
    with SerialPort(pty[1], 115_200) as port:
        os.write(pty[0], every)
        came = b""
        while len(came) < len(every):
            came += port.read(5.0)
        assert came == every
        port.write(every)
        assert os.read(pty[0], 1024) == every


def test_a_port_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ConsoleError) as error:
        SerialPort("/dev/no-such-port", 115_200)
    assert str(error.value) == (
        "the serial port /dev/no-such-port cannot be opened: [Errno 2] could not open port "
        "/dev/no-such-port: [Errno 2] No such file or directory: '/dev/no-such-port'\n"
        "  Check that the board is plugged in and that no terminal has its port open."
    )


def test_an_unknown_kind_of_url_is_said_so() -> None:
    with pytest.raises(ConsoleError, match=r"^the serial port telepathy://board cannot be opened: "):
        SerialPort("telepathy://board", 115_200)


def test_a_line_that_is_unplugged_is_said_so_when_reading_and_when_writing() -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    with SerialPort(name, 115_200) as port:
        os.close(slave)
        os.close(master)
        for use in (lambda: port.read(0.5), lambda: port.write(b"x")):
            with pytest.raises(ConsoleError) as error:
                use()
            assert error.value.message.startswith(f"the serial port {name} failed: ")
            assert error.value.hint == "Check the cable; then run the variant again."


def test_a_port_that_pyserial_does_not_list_is_looked_at_when_it_is_asked_for(
    pty: tuple[int, str], tmp_path: Path
) -> None:
    device = pty[1]
    alias = tmp_path / "lab1"
    alias.symlink_to(device)
    assert all(port.device != device for port in attached_ports())
    found = attached_ports([str(alias), device], by_id=tmp_path / "no-such-folder")
    assert [port for port in found if port.device == device] == [AttachedPort(device, aliases=(str(alias),))]
    assert [port.device for port in found] == sorted(port.device for port in found)


def test_a_name_by_id_is_shown_with_the_device_and_is_no_alias(pty: tuple[int, str], tmp_path: Path) -> None:
    by_id = tmp_path / "usb-FTDI-if00"
    by_id.symlink_to(pty[1])
    (tmp_path / "usb-gone-if00").symlink_to("/dev/no-such-port")
    found = attached_ports([str(by_id)], by_id=tmp_path)
    assert [port for port in found if port.device == pty[1]] == [AttachedPort(pty[1], str(by_id))]


def test_what_is_no_device_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wanted = [str(tmp_path / "file"), "/dev", "/dev/no-such-port", "loop://", "rfc2217://lab1:4000"]
    assert attached_ports(wanted) == attached_ports()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_a_port_that_this_user_may_not_open_says_which_group_may() -> None:
    script = (
        "import os; from mcumatrix.adapters.consoles.serial_port import attached_ports\n"
        "import serial.tools.list_ports\n"
        "master, slave = os.openpty(); name = os.ttyname(slave)\n"
        "os.fchmod(slave, 0o620); os.fchown(slave, 0, 0)\n"
        "os.setuid(65534)\n"
        "print([port.problem for port in attached_ports([name]) if port.device == name])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['this user may not open it; its group is root']\n"


# pyserial sets what Python wants to be set otherwise.
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_a_port_behind_a_network_is_read_and_written_and_not_set_anew_each_time(
    served: tuple[int, SerialServer],
) -> None:
    board, server = served
    every = bytes(range(256))
    with SerialPort(server.url, 115_200) as port:
        port.write(b"CMD=1\r")
        assert os.read(board, 1024) == b"CMD=1\r"
        asked = len(server.commands)
        for _ in range(3):
            assert port.read(0.0) == b""
            assert port.read(0.03) == b""
            os.write(board, every)
            came = b""
            while len(came) < len(every):
                came += port.read(5.0)
            assert came == every
        # Settings that are sent again in the middle of an answer are a round trip each.
        assert server.commands[asked:] == []


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_a_server_that_goes_away_is_an_error_of_the_line(served: tuple[int, SerialServer]) -> None:
    _, server = served
    with SerialPort(server.url, 115_200) as port:
        server.close()
        with pytest.raises(ConsoleError, match=f"the serial port {server.url} failed: "):
            for _ in range(100):
                port.read(0.05)
