"""The hands of a person at a virtual board: its switch, its reset button, a look at it, and its faults.

A line of JSON for a request, a line of JSON for its answer, over a Unix socket in the folder where boards
announce themselves. Its file is its owner's alone (mode 0600): neither other users of the machine nor a page
in somebody's browser can reach it.

    {"do": "power", "on": false}                     switches the board off or on
    {"do": "reset"}                                  pulls the reset pin low and lets it go
    {"do": "pin", "pin": "PI11", "level": 1}         puts a wire on a pin: 1, 0, or null for none
    {"do": "button", "pressed": true}                presses the user button or lets it go
    {"do": "status"}                                 what the board is, and how it is
    {"do": "inject", "faults": {"silent": true}}     these faults and no others; {} heals the board;
                                                     with "once": true they end when it is switched off
    {"do": "end"}                                    the program ends; flash is kept

An answer is {"ok": true, "result": {...}} or {"ok": false, "error": "...", "hint": "..."}.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from threading import Thread
from typing import Any

from vstm32.base.errors import VirtualBoardError

LONGEST_LINE_BYTES = 65_536
ANSWER_TIMEOUT_S = 5.0

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Does what a request asks for, and returns the result. Raises VirtualBoardError."""


class ControlServer:
    """Answers requests in threads of its own, at a Unix socket."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        """`handlers` has a handler for every word that may stand behind "do". What a board that was killed
        has left at `path` is replaced.

        Raises:
            VirtualBoardError: there can be no socket at `path`.
        """

        class Connection(StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(LONGEST_LINE_BYTES):
                    self.wfile.write(answer(handlers, line))

        try:
            path.unlink(missing_ok=True)
            with _short(path) as name:
                self._server = _PrivateServer(name, Connection)
        except OSError as error:
            raise VirtualBoardError(
                f"The control port of the virtual board cannot be {path}: {error.strerror or error}.",
                hint="Name another folder in VSTM32_BOARDS.",
            ) from error
        self.path = path
        """Where it listens."""
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="virtual-board-control")
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        """Answers no more, and removes the socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.path.unlink(missing_ok=True)


class _PrivateServer(ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # The file gets the mode of the socket: there is no moment in which it is open to all.
        os.fchmod(self.socket.fileno(), 0o600)
        super().server_bind()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for the same file that fits into the 108 bytes of sockaddr_un, however deep its folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def answer(handlers: Mapping[str, Handler], line: bytes) -> bytes:
    """The answer to a line, whatever it holds."""
    try:
        request = json.loads(line)
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            raise VirtualBoardError(
                'A request is an object with the key "do".', hint=f"It can be: {', '.join(handlers)}."
            )
        handler = handlers.get(request["do"])
        if handler is None:
            raise VirtualBoardError(
                f"The virtual board cannot do {request['do']!r}.", hint=f"It can: {', '.join(handlers)}."
            )
        result = {"ok": True, "result": dict(handler(request))}
    except VirtualBoardError as error:
        result = {"ok": False, "error": error.message, "hint": error.hint}
    except (ValueError, RecursionError) as error:
        result = {"ok": False, "error": f"The request is not JSON: {error}.", "hint": ""}
    return json.dumps(result).encode() + b"\n"


def ask(path: Path | str, do: str, **arguments: object) -> dict[str, Any]:
    """Sends a request to the board whose control port is at `path`; returns the result.

    Raises:
        VirtualBoardError: the board refuses, or is not there.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            with _short(Path(path)) as name:
                connection.connect(name)
            connection.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
    except OSError as error:
        raise VirtualBoardError(
            f"The virtual board at {path} does not answer: {error.strerror or error}.",
            hint="Has its program ended?",
        ) from error
    if not line:
        raise VirtualBoardError(
            f"The virtual board at {path} hung up.", hint="Has its program ended just now?"
        )
    answered = json.loads(line)
    if not answered["ok"]:
        raise VirtualBoardError(answered["error"], hint=answered["hint"])
    result: dict[str, Any] = answered["result"]
    return result
