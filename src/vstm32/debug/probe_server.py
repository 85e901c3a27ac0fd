"""A debug probe on a TCP port of this machine, for `pyocd ... -u remote:localhost:PORT`.

Every connection has a thread. Connections are ended by a reset, also when this process is killed: pyOCD's
client takes a reset for an error, but after an orderly end of the connection it waits for ever.

pyOCD's protocol has no secret, so everybody on this machine can connect. A page in somebody's browser cannot:
what begins as HTTP does, with a capital letter and not with the brace of a request, is dropped.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

from vstm32.base.errors import VirtualBoardError
from vstm32.debug.probe_protocol import LineSplitter, ProbedBoard, ProbeRequests

_HOST = "127.0.0.1"
_CHUNK_BYTES = 64 * 1024
_JOIN_SECONDS = 2.0
_RELEASE_SECONDS = 2.0
_RETRY_SECONDS = 0.1
_RESET_AT_CLOSE, _DELIVER_AT_CLOSE = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)


class _Client:
    """One connection, and its claim to the probe."""

    def __init__(self, connection: socket.socket, name: str, probe: "_Probe") -> None:
        self.connection = connection
        self.name = name
        self._probe = probe

    def take(self) -> str | None:
        return self._probe.take(self)

    def release(self) -> None:
        self._probe.release(self)

    @property
    def has_gone(self) -> bool:
        """Whether the other end is known to have closed the connection."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


class _Probe:
    """Which client has the probe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: _Client | None = None

    def take(self, client: _Client) -> str | None:
        """Gives the probe to a client; or says who has it."""
        with self._changed:
            holder = self._holder
            if holder not in (None, client) and holder.has_gone:
                # Its thread is about to notice.
                self._changed.wait_for(lambda: self._holder is not holder, _RELEASE_SECONDS)
            if self._holder not in (None, client):
                return self._holder.name
            self._holder = client
            return None

    def release(self, client: _Client) -> None:
        with self._changed:
            if self._holder is client:
                self._holder = None
                self._changed.notify_all()


class ProbeServer:
    """Serves the probe of one board to any number of connections, one of which has it open at a time."""

    def __init__(
        self, board: ProbedBoard, port: int = 0, client_lost: Callable[[], None] = lambda: None
    ) -> None:
        """Takes a port, 0 for any free one. `start` lets clients in.

        `client_lost` is called in another thread when a connection ends that had the probe open, and before
        anybody else can open it.
        """
        self._board = board
        self._client_lost = client_lost
        self._probe = _Probe()
        self._lock = threading.Lock()
        self._clients: dict[_Client, threading.Thread] = {}
        self._closing = threading.Event()
        self._drop_after_bytes: int | None = None
        self._listener = _listener(port)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="debug-probe", daemon=True)

    @property
    def drop_after_bytes(self) -> int | None:
        """A fault to order: after so many more bytes from clients, the cable is pulled, once.

        Nothing that came with the last of these bytes is carried out, and nothing answered. Connections made
        afterwards work. None when no fault is ordered.
        """
        return self._drop_after_bytes

    @drop_after_bytes.setter
    def drop_after_bytes(self, size_bytes: int | None) -> None:
        if size_bytes is not None and size_bytes < 1:
            raise VirtualBoardError(
                f"A connection cannot be dropped after {size_bytes} bytes.", hint="Give 1 or more."
            )
        with self._lock:
            self._drop_after_bytes = size_bytes

    def start(self) -> None:
        """Lets clients in."""
        self._thread.start()

    def close(self) -> None:
        """Ends all connections and waits for the threads, a bounded time for each."""
        with self._lock:
            self._closing.set()
            clients = dict(self._clients)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)
        # First only receiving is ended, which the other side does not see; stuck senders need more.
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.connection.shutdown(how)
            for thread in clients.values():
                thread.join(_JOIN_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                connection, (host, port) = self._listener.accept()
            except OSError:
                # Closing, a client that has gone already, or no file descriptor to be had at the moment.
                if self._closing.wait(_RETRY_SECONDS):
                    return
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            client = _Client(connection, f"{host}:{port}", self._probe)
            thread = threading.Thread(
                target=self._serve, args=(client,), name=f"debug-probe-{port}", daemon=True
            )
            with self._lock:
                if self._closing.is_set():
                    connection.close()
                    return
                self._clients[client] = thread
                thread.start()

    def _serve(self, client: _Client) -> None:
        requests = ProbeRequests(self._board, client)
        try:
            with client.connection, contextlib.suppress(OSError):
                self._converse(client.connection, requests)
        finally:
            try:
                if requests.is_open and not self._closing.is_set():
                    self._client_lost()
            finally:
                client.release()
                with self._lock:
                    self._clients.pop(client, None)

    def _converse(self, connection: socket.socket, requests: ProbeRequests) -> None:
        lines = LineSplitter()
        is_first = True
        while received := connection.recv(_CHUNK_BYTES):
            if is_first and _begins_like_http(received):
                return
            is_first = False
            if self._is_cut_by(len(received)):
                return
            for line in lines.feed(received):
                connection.sendall(requests.handle_request(line))
        if not self._closing.is_set():
            # The client has ended its side, and may still read the answers.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DELIVER_AT_CLOSE)

    def _is_cut_by(self, size_bytes: int) -> bool:
        with self._lock:
            if self._drop_after_bytes is None:
                return False
            self._drop_after_bytes -= size_bytes
            if self._drop_after_bytes > 0:
                return False
            self._drop_after_bytes = None
            return True


def _begins_like_http(received: bytes) -> bool:
    """HTTP begins with the name of a method (RFC 9110 section 9.1), which is in capitals."""
    return received[:1].isupper()


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((_HOST, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else "ports are numbers up to 65535"
        raise VirtualBoardError(
            f"The debug probe cannot listen on port {port}: {why}.",
            hint="Give another port, or 0 for any free one.",
        ) from error
    return listener
