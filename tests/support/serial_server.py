"""A serial port of this machine behind a TCP port, raw or by RFC 2217, as ser2net has it."""

import os
import select
import socket
import threading
from contextlib import suppress

import serial
from serial.rfc2217 import PortManager

_CHUNK_BYTES = 4096
_POLL_S = 0.2


class PseudoTerminal(serial.Serial):
    """Has no control lines: to set one, or to read one, is an error of the kernel's."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


class SerialServer:
    """Serves a pseudo terminal, from the moment it is made until `close`, to whoever has come last.

    That is `kickolduser` of ser2net: a client that is gone unheard keeps the line from nobody.
    """

    def __init__(self, device: str, *, host: str = "127.0.0.1", rfc2217: bool = False) -> None:
        self.commands: list[bytes] = []
        """What clients have sent by RFC 2217 that is no data."""
        self.clients = 0
        """How many have come so far."""
        self._port = PseudoTerminal(device, timeout=0)
        self._rfc2217 = rfc2217
        self._ended = threading.Event()
        self._listener = socket.create_server((host, 0))
        address, self.port = self._listener.getsockname()[:2]
        self.url = f"{'rfc2217' if rfc2217 else 'socket'}://{address}:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.clients += 1
            with connection, suppress(OSError):
                # What was said before is nobody's, as where a port is opened for each client.
                self._port.reset_input_buffer()
                self._converse(connection, self._port)

    def _converse(self, connection: socket.socket, port: serial.Serial) -> None:
        manager = PortManager(port, _Writer(connection)) if self._rfc2217 else None
        while not self._ended.is_set():
            ready, _, _ = select.select([connection, port.fileno(), self._listener], [], [], _POLL_S)
            if self._listener in ready:
                return
            if connection in ready:
                came = connection.recv(_CHUNK_BYTES)
                if not came:
                    return
                data = b"".join(manager.filter(came)) if manager else came
                if manager and data != came:
                    self.commands.append(came)
                if data:
                    port.write(data)
            if port.fileno() in ready:
                said = os.read(port.fileno(), _CHUNK_BYTES)
                connection.sendall(b"".join(manager.escape(said)) if manager else said)

    def close(self) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self._port.close()


class _Writer:
    """What a port manager needs of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall
