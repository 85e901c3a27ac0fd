"""Debug probes behind a network: those of `pyocd server`, and of whatever else speaks its protocol.

pyOCD's client of its remote-probe protocol does the talking. The connection is ours: pyOCD's own waits for an
answer without end, also from a server that is gone (`pyocd/utility/sockets.py`, `ClientSocket.readline`).

`import pyocd` comes before importing this: pyOCD loads it while its own modules are being loaded.
"""

import logging
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from pyocd.core import exceptions
from pyocd.probe.debug_probe import DebugProbe
from pyocd.probe.tcp_client_probe import RemoteMemoryInterface, TCPClientProbe

from mcumatrix.model.attached import REMOTE_PROBE

# Below pyOCD's own, for those who listen to what pyOCD says.
LOG = logging.getLogger("pyocd.probe.network")

_CHUNK_BYTES = 64 * 1024
_NOT_OPEN = "is not connected"
_GIVEN_UP = "was given up"
_Result = TypeVar("_Result")


class ProbeSilentError(exceptions.ProbeError):  # type: ignore[misc]
    """The probe is connected and gives no answer."""


class ProbeConnection:
    """A TCP connection with those methods of pyOCD's `ClientSocket` that a probe needs.

    `answer_timeout_s` is how long it may take from a request to the end of its answer. When that is over,
    or the other side has hung up, the connection is closed for good: an answer that comes late would be
    taken for that to another request.
    """

    def __init__(self, name: str, host: str, port: int, *, answer_timeout_s: float = 10.0) -> None:
        """`name` is what errors call the other side, which listens on a TCP port of a host."""
        self.answer_timeout_s = answer_timeout_s
        self._name = name
        self._address = host, port
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._deadline = 0.0
        self._why_closed = _NOT_OPEN
        self._is_given_up = False

    def connect(self) -> None:
        """Connects. Raises ProbeDisconnected if nobody listens."""
        self.close()
        try:
            made = socket.create_connection(self._address, self.answer_timeout_s)
            # Requests are small and wait for an answer each.
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            host, port = self._address
            raise self._lost(f"cannot be reached at {host}:{port}: {error.strerror or error}") from error
        self._socket = made
        if self._is_given_up:
            raise self._lost(_GIVEN_UP)

    def give_up(self) -> None:
        """Closes the connection for good, from any thread, also one that is only being made."""
        self._is_given_up = True
        self._hang_up(_GIVEN_UP)

    def close(self) -> None:
        """Closes the connection, if there is one. A thread that waits for an answer waits no longer."""
        self._hang_up(_NOT_OPEN)

    def write(self, data: bytes) -> None:
        """Sends a request; the time for its answer begins. Raises ProbeDisconnected, ProbeSilentError."""
        self._deadline = time.monotonic() + self.answer_timeout_s
        self._in_time(lambda connection: connection.sendall(data))

    def readline(self) -> bytes:
        """The next line, with its end. Raises ProbeDisconnected, ProbeSilentError."""
        while not (size := self._received.find(b"\n") + 1):
            chunk = self._in_time(lambda connection: connection.recv(_CHUNK_BYTES))
            if not chunk:
                raise self._lost("has hung up" if self._socket else self._why_closed)
            self._received += chunk
        line = bytes(self._received[:size])
        del self._received[:size]
        return line

    def _in_time(self, transfer: Callable[[socket.socket], _Result]) -> _Result:
        connection = self._socket
        if connection is None:
            raise self._lost(self._why_closed)
        try:
            # Zero would stand for not waiting at all.
            connection.settimeout(max(self._deadline - time.monotonic(), 0.001))
            return transfer(connection)
        except TimeoutError as error:
            self._hang_up(f"did not answer within {self.answer_timeout_s:g} s")
            raise ProbeSilentError(f"{self._name} {self._why_closed}") from error
        except OSError as error:
            why = f"is gone: {error.strerror or error}" if self._socket else self._why_closed
            raise self._lost(why) from error

    def _lost(self, why: str) -> exceptions.ProbeDisconnected:
        self._hang_up(why)
        return exceptions.ProbeDisconnected(f"{self._name} {why}")

    def _hang_up(self, why: str) -> None:
        self._why_closed = why
        self._received.clear()
        connection, self._socket = self._socket, None
        if connection is not None:
            # Closing alone would not wake a thread that waits.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


class NetworkProbe(TCPClientProbe):  # type: ignore[misc]
    """A debug probe that a server on a TCP port has: `remote:HOST:PORT`."""

    def __init__(self, host: str, port: int, *, name: str = "its server") -> None:
        """`name` is what errors call the other side; they name the probe besides."""
        # By a name that pyOCD can take apart, which an address of IPv6 is not.
        super().__init__(f"host:{port}")
        self._uid = f"{REMOTE_PROBE}{f'[{host}]' if ':' in host else host}:{port}"
        self._name = name
        self._socket = ProbeConnection(self._name, host, port)
        self._is_open = False
        self._capabilities: set[DebugProbe.Capability] = set()
        self._wire_protocol: DebugProbe.Protocol | None = None

    @property
    def capabilities(self) -> set[DebugProbe.Capability]:
        """What the probe can do; empty until it is open."""
        return self._capabilities

    @property
    def wire_protocol(self) -> DebugProbe.Protocol | None:
        """None unless connected. pyOCD looks at it also after the connection was lost."""
        return self._wire_protocol

    def get_memory_interface_for_ap(self, ap_address: Any) -> "NetworkMemory | None":
        """Commands that reach memory without the access port's registers."""
        found = super().get_memory_interface_for_ap(ap_address)
        return None if found is None else NetworkMemory(self, found._handle)

    def open(self) -> None:
        """Connects and takes the probe. Raises ProbeDisconnected; ProbeError, also if it is in use."""
        if self._is_open:
            return
        self._socket.connect()
        self._is_open = True
        try:
            self._perform_request("hello", self.PROTOCOL_VERSION)
            self._perform_request("open")
            self._capabilities = set(self._read_property("capabilities"))
        except exceptions.Error:
            self.close()
            raise

    def close(self) -> None:
        """Gives the probe back, also if the connection is lost or another thread waits for an answer."""
        if not self._is_open:
            return
        self._is_open = False
        self._wire_protocol = None
        if self._lock.acquire(blocking=False):
            try:
                self._part("close")
            finally:
                self._lock.release()
        self._socket.close()

    def give_up(self) -> None:
        """Ends whatever another thread does with it: its server gives the probe to others then."""
        self._socket.give_up()

    def connect(self, protocol: DebugProbe.Protocol | None = None) -> None:
        """Connects the probe to its target."""
        super().connect(protocol)
        self._wire_protocol = self._read_property("wire_protocol")

    def disconnect(self) -> None:
        """Lets go of the target, also if the connection is lost."""
        self._wire_protocol = None
        self._part("disconnect")

    def _part(self, request: str) -> None:
        try:
            self._perform_request(request)
        except exceptions.Error as error:
            LOG.debug("%s: %s", request, error)

    def lock(self) -> None:
        """Among the threads of this process; the probe has no other users while it is open."""
        DebugProbe.lock(self)

    def unlock(self) -> None:
        """See `lock`."""
        DebugProbe.unlock(self)

    def _perform_request_without_raise(self, request: str, *args: Any) -> Any:
        try:
            return super()._perform_request_without_raise(request, *args)
        except (ValueError, TypeError) as error:
            raise exceptions.ProbeError(f"the answer of {self._name} makes no sense: {error}") from error


class NetworkMemory(RemoteMemoryInterface):  # type: ignore[misc]
    """Takes bytes too, which pyOCD hands over in places and its JSON cannot hold."""

    def write_memory_block8(self, addr: int, data: Any, **attrs: Any) -> None:
        """Writes bytes; as words where they are some, which are a third of the text."""
        if addr % 4 or len(data) % 4:
            super().write_memory_block8(addr, list(data), **attrs)
        else:
            self.write_memory_block32(addr, struct.unpack(f"<{len(data) // 4}I", bytes(data)), **attrs)

    def write_memory_block32(self, addr: int, data: Any, **attrs: Any) -> None:
        """Writes words."""
        super().write_memory_block32(addr, list(data), **attrs)
