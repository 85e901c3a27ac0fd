"""A serial line through pyserial: a device, or a URL such as `rfc2217://host:port` or `loop://`."""

import time
from typing import Self

from mcumatrix.errors import ConsoleError

_CHUNK_BYTES = 65_536


class SerialPort:
    """An open serial line, 8 data bits, no parity, one stop bit, no flow control."""

    def __init__(self, port: str, baud: int) -> None:
        import termios

        import serial

        self._port = port
        # pyserial lets termios.error through, which is not an OSError.
        self._failures = (serial.SerialException, termios.error, OSError)
        try:
            self._serial = serial.serial_for_url(port, baudrate=baud, timeout=0)
        except (*self._failures, ValueError) as error:
            raise ConsoleError(
                f"the serial port {port} cannot be opened: {error}",
                hint="Check that the board is plugged in and that no terminal has its port open.",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._serial.close()

    def write(self, data: bytes) -> None:
        """Sends all of `data`; raises ConsoleError when the line is gone."""
        try:
            self._serial.write(data)
        except self._failures as error:
            raise self._gone(error) from error

    def read(self, timeout_s: float) -> bytes:
        """What has arrived: waits up to `timeout_s` for a first byte. Raises ConsoleError."""
        deadline = time.monotonic() + timeout_s
        try:
            self._serial.timeout = timeout_s
            first: bytes = self._serial.read(1)
            if not first:
                return b""
            # Not readline: it waits for a line's end for longer than the time it is given.
            self._serial.timeout = max(0.0, min(0.01, deadline - time.monotonic()))
            rest: bytes = self._serial.read(max(1, min(self._serial.in_waiting, _CHUNK_BYTES)))
        except self._failures as error:
            raise self._gone(error) from error
        return first + rest

    def _gone(self, error: Exception) -> ConsoleError:
        return ConsoleError(
            f"the serial port {self._port} failed: {error}",
            hint="Check the cable; then run the variant again.",
        )
