"""Listen: what a board says, from a command until the end of its answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mcumatrix import wire
from mcumatrix.errors import ConsoleTimeoutError, FirmwareError, StoppedError
from mcumatrix.ports import Console
from mcumatrix.stages.parse import first_error
from mcumatrix.stages.time_limit import UNLIMITED, TimeLimit

LAST_WORDS_S = 0.5
"""How long an error line is given to be followed by more before the board is given up."""

MAX_LOG_BYTES = 8 * 1024 * 1024
"""A board that talks without end is stopped here."""

_READ_S = 0.25
_ERROR = wire.ERROR_PREFIX.encode()


@dataclass(slots=True)
class SerialLog:
    """Everything a board has said, without what the host sent. `stopped` and `limit` end the listening."""

    stopped: Callable[[], bool] = lambda: False
    data: bytearray = field(default_factory=bytearray)
    limit: TimeLimit = UNLIMITED

    def read_answer(self, console: Console, timeout_s: float, what: str) -> bytes:
        """Reads until an exchange ends, and returns what came.

        Raises:
            ConsoleTimeoutError: it did not end in time, or came to `MAX_LOG_BYTES` before.
            FirmwareError: an error line came and nothing after it.
            StoppedError: it was ended from outside.
        """
        start = len(self.data)
        lines = _Lines(self.data, start)
        now = time.monotonic()
        deadline = now + timeout_s
        last_byte_at = now
        while not lines.are_ended:
            if self.stopped():
                raise StoppedError("The run was stopped.")
            self.limit.check()
            came = console.read(min(_READ_S, max(0.0, deadline - now)))
            now = time.monotonic()
            if came:
                last_byte_at = now
                self.data += came
                lines.go_on()
            if len(self.data) > MAX_LOG_BYTES:
                raise ConsoleTimeoutError(
                    f"the board sent {len(self.data) - start} bytes as {what} without an end",
                    hint="Another firmware may be running, or the baud rate is wrong; see the raw log.",
                )
            if lines.have_error and now - last_byte_at > LAST_WORDS_S:
                raise FirmwareError(f"the firmware says: {first_error(bytes(self.data[start:]))}")
            if now > deadline:
                raise ConsoleTimeoutError(
                    f"the board sent {len(self.data) - start} bytes in {timeout_s:g} s and not the end of "
                    f"{what}",
                    hint="See the raw log for its last words; a silent board may need a power cycle.",
                )
        return bytes(self.data[start:])


class _Lines:
    """What the lines of a growing log tell of an answer. Each byte is looked at once."""

    def __init__(self, log: bytearray, start: int) -> None:
        self._log = log
        self._line_start = self._looked_until = start
        self._had_error = False
        self.are_ended = False
        """Whether a whole line that ends an exchange has come."""

    def go_on(self) -> None:
        """Looks at what has come since."""
        while (end := self._log.find(b"\n", self._looked_until)) >= 0:
            self.are_ended |= self._log.startswith(wire.BEGINS_END, self._line_start)
            self._had_error |= self._log.startswith(_ERROR, self._line_start)
            self._line_start = self._looked_until = end + 1
        self._looked_until = len(self._log)

    @property
    def have_error(self) -> bool:
        """Whether an error line of the firmware has come, whole or not."""
        return self._had_error or self._log.startswith(_ERROR, self._line_start)
