"""TCP ports for programs that are told theirs before they listen."""

import fcntl
import os
import socket
import tempfile
from pathlib import Path

_GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 1024
_held: list[int] = []


def free_port() -> int:
    """A port of 127.0.0.1 that nobody takes before the program listens that it is for.

    It is none of those that the kernel gives away for port 0 and for connections that begin here, and until
    this process ends, a lock keeps it from other tests.
    """
    folder = Path(tempfile.gettempdir()) / f"mcumatrix-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    given_away = int(_GIVEN_AWAY.read_text().split()[0])
    for port in range(given_away - 1, _LOWEST, -1):
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _held.append(lock)
        return port
    raise AssertionError(f"no port below {given_away} is free")
