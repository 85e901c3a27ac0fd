"""A lab of labgrid on this machine: coordinator, exporter, and a virtual board behind a place."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Self

import pytest

from mcumatrix.adapters.boards.labgrid.client import PROGRAM_VARIABLE
from support.ports import free_port
from support.serial_server import SerialServer
from vstm32.app.daemon import Daemon

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
PLACE = "disco-1"
OTHERS = {"LG_HOSTNAME": "lab2", "LG_USERNAME": "anna"}
"""What the environment of another user's client on another machine says."""

_HOLDER = re.compile(rf"^Place {PLACE} changed:\n(?:  .*\n)*?  acquired: .* -> (.*)$", re.MULTILINE)
"""In what `labgrid-client monitor` prints."""

_EXPORTER = """\
board:
  NetworkSerialPort: {{host: 127.0.0.1, port: {serial}, protocol: raw}}
  probe: {{cls: NetworkService, address: 127.0.0.1, port: {probe}, username: nobody}}
  NetworkPowerPort: {{model: simplerest, host: 'http://127.0.0.1:{power}/{{index}}/{{value}}', index: 0}}
"""


def labgrid_programs() -> Path:
    """The folder of labgrid's programs; a test that needs them is skipped where they are not installed."""
    own = ROOT / ".venv-labgrid" / "bin"
    found = shutil.which("labgrid-coordinator", path=f"{own}:{os.environ['PATH']}")
    if found is None:
        pytest.skip("labgrid is not installed; `./dev test` installs it beside")
    return Path(found).parent


class Lab:
    """All of it, from the moment it is entered until it is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = labgrid_programs()
        self._stack = ExitStack()
        self._running: list[subprocess.Popen[bytes]] = []
        self.coordinator = f"127.0.0.1:{free_port()}"
        self.switched: list[bool] = []
        """What the power switch was told."""

    def __enter__(self) -> Self:
        with self._stack:
            folder = self._folder
            self.board = Daemon()
            self._stack.callback(self.board.close)
            self.serial = SerialServer(self.board.board.serial_port)
            self._stack.callback(self.serial.close)
            power = _PowerSwitch(self)
            self._stack.callback(power.close)
            (folder / "exporter.yaml").write_text(
                _EXPORTER.format(
                    serial=self.serial.port, probe=self.board.description.debug_port, power=power.port
                )
            )
            self._stack.callback(self.stop)
            self.start()
            self._start("client", "-x", self.coordinator, "monitor", PYTHONUNBUFFERED="1")
            self._wait_for_coordinator("client connected")
            self._start("exporter", "-c", self.coordinator, "-n", "host", "exporter.yaml")
            self._wait_for_coordinator("set_resource board NetworkPowerPort")
            self.client("create")
            self.client("add-match", "host/board/*")
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """What who uses it needs in the environment."""
        return {PROGRAM_VARIABLE: str(self._programs / "labgrid-client")}

    def client(self, *arguments: str, environment: Mapping[str, str] = {}) -> str:
        """labgrid's client, about the place; what it says."""
        command = (self._programs / "labgrid-client", "-x", self.coordinator, "-p", PLACE, *arguments)
        done = subprocess.run(
            command,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def has_been_had_by(self, *holders: str) -> bool:
        """Whether these are the last who had the place, one after the other: None where nobody had it."""

        def is_so() -> bool:
            found = _HOLDER.findall((self._folder / "client.log").read_text())
            return found[-len(holders) :] == list(holders)

        self.wait_until(is_so)
        return True

    def start(self) -> None:
        """Starts the coordinator, with what it knew before."""
        self._start("coordinator", "-l", self.coordinator)
        host, port = self.coordinator.split(":")
        self.wait_until(lambda: _listens(host, int(port)))

    def stop(self) -> None:
        """Ends the coordinator; what was connected to it is not connected again."""
        for process in reversed(self._running):
            _end(process)
        self._running.clear()

    def _start(self, program: str, *arguments: str, **environment: str) -> None:
        with (self._folder / f"{program}.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    [self._programs / f"labgrid-{program}", *arguments],
                    cwd=self._folder,
                    env=os.environ | environment,
                    stdout=log,
                    stderr=log,
                )
            )

    def _wait_for_coordinator(self, words: str) -> None:
        """Waits until the coordinator has said so in its log."""
        self.wait_until(lambda: words in (self._folder / "coordinator.log").read_text())

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Waits for what others bring about."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < give_up_at
            time.sleep(0.1)


class _PowerSwitch:
    """Switches a virtual board, as a power strip with a web server would."""

    def __init__(self, lab: Lab) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_on = self.path.endswith("/1")
                lab.switched.append(is_on)
                lab.board.board.switch_power(is_on)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1.0).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(PATIENCE_S)
