"""A host that has a virtual board: `python -m support.board_host ADDRESS`, until its standard input ends.

It says in a line of JSON where the board's serial line and its debug port are to be had at that address.
"""

import json
import socket
import sys
import threading
from contextlib import suppress

from support.serial_server import SerialServer
from vstm32.app.daemon import Daemon
from vstm32.app.options import DaemonOptions
from vstm32.board.options import BoardOptions

_CHUNK_BYTES = 65_536


def _forward(listener: socket.socket, port: int) -> None:
    """Carries bytes between each client of a listener and a port of this host."""
    while True:
        client, _ = listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            continue
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK_BYTES):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Serves until standard input ends."""
    address = sys.argv[1]
    board = Daemon(options=DaemonOptions(board=BoardOptions(timing="instructions")))
    listener = socket.create_server((address, 0))
    threading.Thread(target=_forward, args=(listener, board.description.debug_port), daemon=True).start()
    place = {"probe": f"remote:{address}:{listener.getsockname()[1]}"}
    for rfc2217 in (True, False):
        url = SerialServer(board.board.serial_port, host=address, rfc2217=rfc2217).url
        place[url.partition(":")[0]] = url
    print(json.dumps(place), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
