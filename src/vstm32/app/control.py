"""The hands of a person at a virtual board: its switch, its reset button, a look at it, and its faults.

A line of JSON for a request, a line of JSON for its answer, over TCP on this machine only:

    {"do": "power", "on": false}                     switches the board off or on
    {"do": "reset"}                                  pulls the reset pin low and lets it go
    {"do": "status"}                                 what the board is, and how it is
    {"do": "inject", "faults": {"silent": true}}     these faults and no others; {} heals the board;
                                                     with "once": true they end when it is switched off
    {"do": "end"}                                    the program ends; flash is kept

An answer is {"ok": true, "result": {...}} or {"ok": false, "error": "...", "hint": "..."}.
"""

import json
import socket
from collections.abc import Callable, Mapping
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

from vstm32.base.errors import VirtualBoardError

LONGEST_LINE_BYTES = 65_536
ANSWER_TIMEOUT_S = 5.0

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Does what a request asks for, and returns the result. Raises VirtualBoardError."""


class ControlServer:
    """Answers requests in threads of its own, on a port of 127.0.0.1."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        """`handlers` has a handler for every word that may stand behind "do"."""

        class Connection(StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(LONGEST_LINE_BYTES):
                    self.wfile.write(answer(handlers, line))

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="virtual-board-control")
        self._thread.daemon = True
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Answers no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


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


def ask(port: int, do: str, **arguments: object) -> dict[str, Any]:
    """Sends a request to the board that listens at `port` of this machine; returns the result.

    Raises:
        VirtualBoardError: the board refuses, or is not there.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S) as connection:
            connection.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
    except OSError as error:
        raise VirtualBoardError(
            f"The virtual board at port {port} does not answer: {error}.", hint="Has its program ended?"
        ) from error
    if not line:
        raise VirtualBoardError(
            f"The virtual board at port {port} hung up.", hint="Has its program ended just now?"
        )
    answered = json.loads(line)
    if not answered["ok"]:
        raise VirtualBoardError(answered["error"], hint=answered["hint"])
    result: dict[str, Any] = answered["result"]
    return result
