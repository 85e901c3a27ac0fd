"""A server of pyOCD's remote-probe protocol that answers as a test wants it to."""

import json
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

PATIENCE_S = 60.0

Answer = Callable[[dict[str, Any]], dict[str, Any] | Iterable[bytes] | None]
"""Answers a request with fields, with bytes as they are, or not at all. `HangUpError` ends the connection."""


class HangUpError(Exception):
    """The server closes the connection; with a reset if it is to be rude."""

    def __init__(self, *, rudely: bool = False) -> None:
        self.rudely = rudely


class Server:
    """A probe server on a port of this machine, for one connection after the other."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[str] = []
        self._ended = threading.Event()
        self._connection: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            with self._connection as connection:
                try:
                    self._converse(connection)
                except HangUpError as end:
                    if end.rudely:
                        linger = (1).to_bytes(4, "little") + bytes(4)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                except OSError:
                    pass

    def _converse(self, connection: socket.socket) -> None:
        for line in connection.makefile("rb"):
            request = json.loads(line)
            self.requests.append(request["request"])
            answer = self.answer(request)
            if answer is None:
                self._ended.wait()
            elif isinstance(answer, dict):
                connection.sendall(json.dumps({"id": request["id"], "status": 0, **answer}).encode() + b"\n")
            else:
                for piece in answer:
                    connection.sendall(piece)

    def has_lost_its_client(self) -> bool:
        """Whether the client hangs up before long."""
        assert self._connection
        self._connection.settimeout(PATIENCE_S)
        return self._connection.recv(1) == b""

    def close(self) -> None:
        self._ended.set()
        for one in (self._listener, self._connection):
            with suppress(OSError):
                if one:
                    one.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def well_behaved(request: dict[str, Any]) -> dict[str, Any]:
    """What a server of one probe says that has nothing behind it."""
    properties = {
        "capabilities": ["BANKED_DP_REGISTERS"],
        "supported_wire_protocols": ["DEFAULT", "SWD"],
        "wire_protocol": "SWD",
    }
    results = {"read_dp": 0x5BA0_2477, "is_reset_asserted": False}
    if request["request"] == "readprop":
        return {"result": properties[request["arguments"][0]]}
    return {"result": results.get(request["request"])}
