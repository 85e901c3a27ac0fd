"""A serial line between a UART of the board and its host, in process.

The board side moves single frames in virtual time; the host side reads and writes bytes whenever it
likes. `pty_port.py` puts a pseudo terminal on the host side.
"""

import threading
import time
from collections import deque

BACKLOG_BYTES = 16 * 1024 * 1024


def frame_bits(data: int, data_bits: int, parity: int | None, stop_bits: int) -> list[int]:
    """The levels of one UART frame: start bit, data with the lowest bit first, parity, stop bits.

    `data_bits` counts the data only; `parity` is 0 for even, 1 for odd, None for none.
    """
    bits = [0] + [data >> index & 1 for index in range(data_bits)]
    if parity is not None:
        bits.append((sum(bits) + parity) & 1)
    return bits + [1] * stop_bits


def sample_frame(
    levels: list[int], sender_baud: float, receiver_baud: float, data_bits: int = 8
) -> tuple[int, bool]:
    """What a receiver makes of a frame sent at another rate: data with parity, and if its stop bit was good.

    The receiver takes each bit from the middle of its own bit time, counted from the falling edge
    of the start bit, as a UART does; after the frame the line is idle (1). `data_bits` counts the
    parity bit, if the receiver has one.
    """
    ratio = sender_baud / receiver_baud

    def level(bit: int) -> int:
        index = int((bit + 0.5) * ratio)
        return levels[index] if index < len(levels) else 1

    data = sum(level(bit) << (bit - 1) for bit in range(1, data_bits + 1))
    return data, bool(level(data_bits + 1))


class Wakeup:
    """What the CPU thread sleeps on while the firmware waits: host bytes, or the end."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.ended = False
        self.writes = 0

    def notify(self) -> None:
        """Something has happened that a waiting CPU thread should look at."""
        with self.condition:
            self.condition.notify_all()

    def end(self) -> None:
        """Nobody shall wait any more."""
        with self.condition:
            self.ended = True
            self.condition.notify_all()


class SerialLine:
    """Two byte queues. Host to board is unbounded; board to host keeps the newest 16 MiB."""

    def __init__(self, wakeup: Wakeup) -> None:
        self._wakeup = wakeup
        self._to_board: deque[int] = deque()
        self._to_host = bytearray()
        self.dropped_bytes = 0
        self.muted = False
        """A fault: what the board sends gets lost."""

    # --- host side

    def write(self, data: bytes) -> None:
        """Queues bytes for the board; they arrive at the line's rate in virtual time."""
        with self._wakeup.condition:
            self._to_board.extend(data)
            self._wakeup.writes += 1
            self._wakeup.condition.notify_all()

    def read(self) -> bytes:
        """Takes everything that has come from the board so far, without waiting."""
        with self._wakeup.condition:
            data = bytes(self._to_host)
            self._to_host.clear()
        return data

    def read_until(self, end: bytes, timeout_seconds: float = 10.0) -> bytes:
        """Waits for `end` and takes everything up to and including it.

        Raises TimeoutError, with what has come so far, when it does not come in time.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._wakeup.condition:
            while (found := self._to_host.find(end)) < 0:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{end!r} did not come; so far: {bytes(self._to_host)!r}")
                self._wakeup.condition.wait(left)
            data = bytes(self._to_host[: found + len(end)])
            del self._to_host[: found + len(end)]
        return data

    def wait_for_output(self, timeout_seconds: float) -> bool:
        """Waits until the board has sent something; False when the time is over."""
        with self._wakeup.condition:
            return self._wakeup.condition.wait_for(
                lambda: bool(self._to_host) or self._wakeup.ended, timeout_seconds
            )

    # --- board side

    @property
    def has_input(self) -> bool:
        """Whether bytes of the host wait."""
        return bool(self._to_board)

    def take(self) -> int | None:
        """The next byte of the host, or None."""
        return self._to_board.popleft() if self._to_board else None

    def put(self, data: bytes) -> None:
        """Hands bytes to the host; beyond the backlog the oldest are dropped and counted."""
        if self.muted:
            return
        with self._wakeup.condition:
            self._to_host += data
            excess = len(self._to_host) - BACKLOG_BYTES
            if excess > 0:
                del self._to_host[:excess]
                self.dropped_bytes += excess
            self._wakeup.condition.notify_all()
