"""A serial line through pyserial: a device, or a URL such as `rfc2217://host:port` or `loop://`."""

import grp
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from mcumatrix.errors import ConsoleError
from mcumatrix.model.attached import AttachedPort

_CHUNK_BYTES = 65_536
_POLL_S = 0.02
"""How long pyserial waits at a time. It stays as it is: to change it sets the port anew, which is a
round trip for each setting by RFC 2217, in the middle of an answer."""
_BY_ID = Path("/dev/serial/by-id")


def attached_ports(wanted: Iterable[str] = (), by_id: Path = _BY_ID) -> tuple[AttachedPort, ...]:
    """The serial ports of this machine, ordered by device.

    `wanted` are paths to look at in any case: pyserial's list has neither pseudo-terminals nor the names that
    rules of udev give. `by_id` is a folder of links to devices.
    """
    from serial.tools.list_ports import comports

    described = {str(port.device): str(port.description or "") for port in comports()}
    links = {os.path.realpath(link): str(link) for link in sorted(by_id.glob("*"), reverse=True)}
    aliases: dict[str, list[str]] = {}
    for path in wanted:
        device = os.path.realpath(path)
        if path.startswith("/") and _is_character_device(device):
            described.setdefault(device, "")
            if path not in (device, links.get(device)):
                aliases.setdefault(device, []).append(path)
    return tuple(
        AttachedPort(
            device=device,
            by_id=links.get(device, ""),
            description="" if description == "n/a" else description,
            aliases=tuple(aliases.get(device, ())),
            problem=_why_not_open(device),
        )
        for device, description in sorted(described.items())
    )


def _is_character_device(path: str) -> bool:
    try:
        return stat.S_ISCHR(Path(path).stat().st_mode)
    except OSError:
        return False


def _why_not_open(device: str) -> str:
    if os.access(device, os.R_OK | os.W_OK):
        return ""
    try:
        group = grp.getgrgid(Path(device).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "this user may not open it"
    return f"this user may not open it; its group is {group}"


class SerialPort:
    """An open serial line, 8 data bits, no parity, one stop bit, no flow control."""

    def __init__(self, port: str, baud: int) -> None:
        import termios

        import serial

        self._port = port
        # pyserial lets termios.error through, which is not an OSError.
        self._failures = (serial.SerialException, termios.error, OSError)
        try:
            self._serial = serial.serial_for_url(port, baudrate=baud, timeout=_POLL_S)
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
            if timeout_s <= 0 and not self._serial.in_waiting:
                return b""
            # Not readline: it waits for a line's end for longer than the time it is given.
            while not (first := bytes(self._serial.read(1))):
                if time.monotonic() >= deadline:
                    return b""
            waiting = min(self._serial.in_waiting, _CHUNK_BYTES)
            rest = bytes(self._serial.read(waiting)) if waiting else b""
        except self._failures as error:
            raise self._gone(error) from error
        return first + rest

    def read_up_to(self, size_bytes: int, timeout_s: float) -> bytes:
        """Up to so many bytes: as many as come until the time is over. Raises ConsoleError."""
        deadline = time.monotonic() + timeout_s
        data = bytearray()
        try:
            while len(data) < size_bytes and time.monotonic() < deadline:
                data += self._serial.read(size_bytes - len(data))
        except self._failures as error:
            raise self._gone(error) from error
        return bytes(data)

    def _gone(self, error: Exception) -> ConsoleError:
        return ConsoleError(
            f"the serial port {self._port} failed: {error}",
            hint="Check the cable; then run the variant again.",
        )
