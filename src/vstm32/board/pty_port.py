"""A pseudo terminal on the host side of a serial line, for pyserial and every terminal program.

The board's output waits until somebody opens the port. A program like pyserial discards what is
already there when it opens a port, so after an opening the first bytes are held back until that
discard has been seen (packet mode reports it), or a short time has passed.
"""

import contextlib
import fcntl
import os
import select
import struct
import termios
import threading
import time
import tty
from pathlib import Path

from vstm32.base.errors import VirtualBoardError
from vstm32.base.serial_line import SerialLine

_CLOSED_POLL_SECONDS = 0.005
_SETTLE_SECONDS = 0.1
_CHUNK_BYTES = 4096
_TIOCPKT_DATA, _TIOCPKT_FLUSHREAD = 0, 1


class PtyPort:
    """Moves bytes between a serial line and a pty in a thread of its own."""

    def __init__(self, line: SerialLine, link: Path | None = None) -> None:
        self._line = line
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        fcntl.ioctl(self._master, termios.TIOCPKT, struct.pack("i", 1))
        os.set_blocking(self._master, False)
        self._link = link
        if link is not None:
            self._make_link(link)
        self._ended = False
        self._is_open = False
        self._pending = b""
        self._thread = threading.Thread(target=self._serve, name="virtual-board-serial", daemon=True)
        self._thread.start()

    def forget_unread(self) -> None:
        """Drops what the board has sent while nobody had the port open."""
        if not self._is_open:
            self._pending = b""
            self._line.read()

    def close(self) -> None:
        """Ends the thread, removes the link, closes the port."""
        self._ended = True
        self._thread.join()
        os.close(self._master)
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == self.path:
            self._link.unlink()

    def _make_link(self, link: Path) -> None:
        try:
            if link.is_symlink():
                link.unlink()
            link.symlink_to(self.path)
        except OSError as error:
            os.close(self._master)
            raise VirtualBoardError(
                f"The link {link} to the serial port cannot be made: {error.strerror}.",
                hint="Give a path in a folder you may write to, where no other file stands.",
            ) from error

    def _serve(self) -> None:
        poller = select.poll()
        poller.register(self._master, select.POLLIN)
        opened_at: float | None = None
        settled = False
        while not self._ended:
            events = poller.poll(0)
            flags = events[0][1] if events else 0
            if flags & select.POLLHUP and not flags & select.POLLIN:
                opened_at, settled = None, False
                self._is_open = False
                time.sleep(_CLOSED_POLL_SECONDS)
                continue
            if opened_at is None:
                opened_at = time.monotonic()
                self._is_open = True
            if flags & select.POLLIN and self._receive():
                settled = True
            settled = settled or time.monotonic() - opened_at > _SETTLE_SECONDS
            if settled:
                self._send()
            self._wait(poller, settled)

    def _wait(self, poller: select.poll, settled: bool) -> None:
        """Sleeps until there may be something to do, in either direction."""
        if not settled:
            poller.poll(1)
        elif self._pending:
            poller.modify(self._master, select.POLLIN | select.POLLOUT)
            poller.poll(50)
            poller.modify(self._master, select.POLLIN)
        elif not poller.poll(0):
            self._line.wait_for_output(0.002)

    def _receive(self) -> bool:
        """Takes one packet from the host; True when it says that the host discarded its input."""
        try:
            packet = os.read(self._master, _CHUNK_BYTES + 1)
        except OSError:
            return False
        if packet and packet[0] == _TIOCPKT_DATA:
            self._line.write(packet[1:])
            return False
        return bool(packet and packet[0] & _TIOCPKT_FLUSHREAD)

    def _send(self) -> None:
        self._pending += self._line.read()
        while self._pending:
            written = 0
            with contextlib.suppress(OSError):
                written = os.write(self._master, self._pending[:_CHUNK_BYTES])
            if not written:
                return
            self._pending = self._pending[written:]
