"""The remote-probe protocol of pyOCD, version 1, from the side of the probe: a request is a line, and so is
its answer.

The other side is pyOCD's `probe/tcp_client_probe.py`, chosen with `-u remote:localhost:PORT`; a request is
`{"id": 1, "request": "read_dp", "arguments": [0]}` and its answer `{"id": 1, "status": 0, "result": 0}`, or
with a status and an error. Whatever comes in, an answer goes out: pyOCD waits for it without a time limit.
"""

import json
import logging
import reprlib
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import IntEnum
from typing import Any, Protocol

from vstm32.base.errors import VirtualBoardError
from vstm32.base.words import counted
from vstm32.debug.dap import DebugPort, TransferFaultError

PROTOCOL_VERSION = 1
MAX_REQUEST_BYTES = 64 * 1024 * 1024
MAX_BLOCK_BYTES = 16 * 1024 * 1024
"""No request moves more: the whole board has less memory, and the core stands still meanwhile."""

_UNKNOWN_ID = -1
_WORD = 0xFFFF_FFFF
_ONLY_ACCESS_PORT = 0
_AP_VERSIONS = (1, 2)
_WIRE_PROTOCOLS = ("DEFAULT", "SWD")
# The client writes SELECT itself, as neither MANAGED_AP_SELECTION nor MANAGED_DPBANKSEL is here. It sends no
# SWJ sequence without SWJ_SEQUENCE: there is no wire protocol to be selected.
_CAPABILITIES = ("BANKED_DP_REGISTERS",)


class Status(IntEnum):
    """Why a request was not carried out (pyOCD, TCPClientProbe.StatusCode); 0 is for those that were."""

    GENERAL_ERROR = 1
    PROBE_DISCONNECTED = 2
    PROBE_ERROR = 3
    TRANSFER_FAULT = 12


class ProbedBoard(Protocol):
    """The board behind the probe."""

    def access(self) -> AbstractContextManager[None]:
        """The core stands still inside. Works in every state of the board, also without power."""

    def assert_reset(self, asserted: bool) -> None:
        """Pulls nRST low, or lets it go."""

    def is_reset_asserted(self) -> bool:
        """Whether the probe pulls nRST low."""

    @property
    def dap(self) -> DebugPort:
        """The debug port of the microcontroller."""

    @property
    def part(self) -> str:
        """The microcontroller's name, for people."""

    @property
    def powered(self) -> bool:
        """Whether the board, and with it the probe, has power."""


class Claim(Protocol):
    """One client's right to the probe, which one client has at a time."""

    def take(self) -> str | None:
        """Takes the probe; or says who has it, and takes nothing."""

    def release(self) -> None:
        """Gives the probe back, if this client has it."""


class _RequestError(Exception):
    """A request that is not carried out."""

    def __init__(self, message: str, status: Status = Status.GENERAL_ERROR) -> None:
        super().__init__(message)
        self.status = status


class LineSplitter:
    """Makes lines of what a connection delivers; of a line that is too long it keeps only the start."""

    def __init__(self, max_bytes: int = MAX_REQUEST_BYTES) -> None:
        self._kept_bytes = max_bytes + 1
        self._pending = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """The lines that have become whole, without their ends."""
        *ends, rest = received.split(b"\n")
        lines = []
        for end in ends:
            self._keep(end)
            lines.append(bytes(self._pending))
            self._pending.clear()
        self._keep(rest)
        return lines

    def _keep(self, piece: bytes) -> None:
        self._pending += piece[: self._kept_bytes - len(self._pending)]


class ProbeRequests:
    """Answers the requests of one client, one after the other."""

    def __init__(self, board: ProbedBoard, claim: Claim) -> None:
        self._board = board
        self._claim = claim
        self._is_open = False
        self._wire_protocol: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the client has opened the probe and not closed it."""
        return self._is_open

    def handle_request(self, line: bytes) -> bytes:
        """The answer to one line, with its line end. Never raises for what is in the line."""
        request_id = _UNKNOWN_ID
        try:
            request = _decoded(line)
            request_id = _request_id(request)
            result = self._carry_out(request)
        except _RequestError as error:
            return _refusal(request_id, error.status, str(error))
        except TransferFaultError as error:
            return _refusal(request_id, Status.TRANSFER_FAULT, str(error))
        except VirtualBoardError as error:
            return _refusal(request_id, Status.PROBE_ERROR, error.message)
        except Exception as error:
            # A client that gets no answer hangs for ever: a fault of the board is an answer too.
            logging.getLogger(__name__).exception("A request of a debugger failed.")
            return _refusal(
                request_id, Status.GENERAL_ERROR, f"the virtual board failed: {type(error).__name__}: {error}"
            )
        encoded = result if isinstance(result, bytes) else json.dumps(result).encode()
        return b'{"id": %d, "status": 0, "result": %b}\n' % (request_id, encoded)

    def _carry_out(self, request: dict[str, Any]) -> object:
        """The result; as bytes if it is JSON already."""
        name, arguments = request.get("request"), request.get("arguments", [])
        if not isinstance(name, str):
            raise _RequestError("the request has no name")
        if name not in _HANDLERS:
            raise _RequestError(f"there is no request {reprlib.repr(name)}")
        if not isinstance(arguments, list):
            raise _RequestError("the arguments are not a list")
        handler, count = _HANDLERS[name]
        if len(arguments) != count:
            raise _RequestError(f"{name} takes {counted(count, 'argument')}, not {len(arguments)}")
        return handler(self, *arguments)

    # --- the probe

    def _hello(self, version: object) -> None:
        if version != PROTOCOL_VERSION:
            raise _RequestError(
                f"the client speaks protocol version {reprlib.repr(version)}, the probe {PROTOCOL_VERSION}"
            )

    def _readprop(self, name: object) -> object:
        properties = {
            "vendor_name": "mcumatrix",
            "product_name": f"virtual {self._board.part} board",
            "supported_wire_protocols": _WIRE_PROTOCOLS,
            "wire_protocol": self._wire_protocol,
            "capabilities": _CAPABILITIES,
        }
        if not isinstance(name, str) or name not in properties:
            raise _RequestError(f"the probe has no property {reprlib.repr(name)}")
        return properties[name]

    def _open(self) -> None:
        self._require_power()
        holder = self._claim.take()
        if holder is not None:
            raise _RequestError(f"the probe is in use by {holder}", Status.PROBE_ERROR)
        self._is_open = True

    def _close(self) -> None:
        """Does nothing if the probe is not open: pyOCD closes also what it could not open."""
        self._wire_protocol = None
        self._is_open = False
        self._claim.release()

    def _connect(self, protocol: object) -> None:
        self._require_open()
        self._require_power()
        if protocol == "JTAG":
            raise _RequestError(
                "the debug port of the virtual board speaks SWD only, not JTAG", Status.PROBE_ERROR
            )
        if protocol not in _WIRE_PROTOCOLS:
            raise _RequestError(f"there is no wire protocol {reprlib.repr(protocol)}")
        self._wire_protocol = "SWD"

    def _disconnect(self) -> None:
        self._wire_protocol = None

    def _set_clock(self, frequency_hz: object) -> None:
        """Transfers take no time on the virtual board, at whatever clock."""
        if type(frequency_hz) not in (int, float) or not frequency_hz > 0:  # type: ignore[operator]
            raise _RequestError(f"the clock is {reprlib.repr(frequency_hz)}, not a positive number of hertz")

    def _nothing(self) -> None:
        """One client has the probe, so lock and unlock keep nobody out; and flush finds nothing to send."""

    def _no_sequences(self, *_arguments: object) -> None:
        raise _RequestError(
            "the probe cannot send bit sequences, it selects the wire protocol itself", Status.PROBE_ERROR
        )

    def _has_swo(self) -> bool:
        return False

    def _no_swo(self, *_arguments: object) -> None:
        raise _RequestError("the probe has no SWO pin", Status.PROBE_ERROR)

    # --- the reset pin

    def _reset(self) -> None:
        with self._target():
            self._board.assert_reset(True)
            self._board.assert_reset(False)

    def _assert_reset(self, asserted: object) -> None:
        # pyOCD's targets write 1 and 0 as well.
        if asserted not in (True, False):
            raise _RequestError(f"the state of nRST is {reprlib.repr(asserted)}, neither true nor false")
        with self._target():
            self._board.assert_reset(bool(asserted))

    def _is_reset_asserted(self) -> bool:
        self._require_open()
        self._require_power()
        return self._board.is_reset_asserted()

    # --- registers of the debug port and of the access port

    def _read_dp(self, address: object) -> int:
        address = _dp_address(address)
        return self._connected_port().read_dp(address)

    def _write_dp(self, address: object, value: object) -> None:
        address, value = _dp_address(address), _number(value, "the value")
        self._connected_port().write_dp(address, value)

    def _read_ap(self, address: object) -> int:
        address = _number(address, "the address")
        with self._debug_port() as port:
            return port.read_ap(address)

    def _write_ap(self, address: object, value: object) -> None:
        address, value = _number(address, "the address"), _number(value, "the value")
        with self._debug_port() as port:
            port.write_ap(address, value)

    def _read_ap_multiple(self, address: object, count: object) -> bytes:
        address, count = _number(address, "the address"), _block_length(count, 4)
        with self._debug_port() as port:
            values = port.read_ap_repeated(address, count)
        return _numbers(tuple(values))

    def _write_ap_multiple(self, address: object, values: object) -> None:
        address = _number(address, "the address")
        data = _words(values)
        with self._debug_port() as port:
            port.write_ap_repeated(address, struct.unpack(f"<{len(data) // 4}I", data))

    # --- memory

    def _get_memory_interface_for_ap(self, version: object, address: object) -> int | None:
        """A handle for commands that reach memory: the number of the access port. Others have no memory."""
        self._require_open()
        if version not in _AP_VERSIONS:
            raise _RequestError(f"there is no version {reprlib.repr(version)} of access ports")
        is_there = version == _AP_VERSIONS[0] and _number(address, "the access port") == _ONLY_ACCESS_PORT
        return _ONLY_ACCESS_PORT if is_there else None

    def _read_mem(self, handle: object, address: object, size_bits: object) -> int:
        size_bytes = _transfer_size(size_bits)
        address = _aligned(address, size_bytes)
        with self._memory(handle) as port:
            return port.read_memory(address, size_bytes)

    def _write_mem(self, handle: object, address: object, value: object, size_bits: object) -> None:
        size_bytes = _transfer_size(size_bits)
        address = _aligned(address, size_bytes)
        value = _number(value, "the value", (1 << 8 * size_bytes) - 1)
        with self._memory(handle) as port:
            port.write_memory(address, size_bytes, value)

    def _read_block32(self, handle: object, address: object, count: object) -> bytes:
        address, count = _aligned(address, 4), _block_length(count, 4)
        with self._memory(handle) as port:
            data = port.read_memory_block(address, 4 * count)
        return _numbers(struct.unpack(f"<{count}I", data))

    def _write_block32(self, handle: object, address: object, values: object) -> None:
        address, data = _aligned(address, 4), _words(values)
        with self._memory(handle) as port:
            port.write_memory_block(address, data)

    def _read_block8(self, handle: object, address: object, count: object) -> bytes:
        address, count = _number(address, "the address"), _block_length(count, 1)
        with self._memory(handle) as port:
            data = port.read_memory_block(address, count)
        return _numbers(tuple(data))

    def _write_block8(self, handle: object, address: object, values: object) -> None:
        address, data = _number(address, "the address"), _bytes(values)
        with self._memory(handle) as port:
            port.write_memory_block(address, data)

    # --- what a request needs

    def _require_open(self) -> None:
        if not self._is_open:
            raise _RequestError("the probe is not open", Status.PROBE_ERROR)

    def _require_power(self) -> None:
        if not self._board.powered:
            raise _RequestError("the board has no power", Status.PROBE_DISCONNECTED)

    def _connected_port(self) -> DebugPort:
        self._require_open()
        self._require_power()
        if self._wire_protocol is None:
            raise _RequestError("the probe is not connected to its target", Status.PROBE_ERROR)
        return self._board.dap

    @contextmanager
    def _target(self) -> Iterator[None]:
        """The core stands still inside, and has power."""
        self._require_open()
        with self._board.access():
            self._require_power()
            yield

    @contextmanager
    def _debug_port(self) -> Iterator[DebugPort]:
        with self._target():
            yield self._connected_port()

    @contextmanager
    def _memory(self, handle: object) -> Iterator[DebugPort]:
        if _number(handle, "the handle") != _ONLY_ACCESS_PORT:
            raise _RequestError(f"there is no memory interface {reprlib.repr(handle)}")
        with self._debug_port() as port:
            yield port


_HANDLERS: Mapping[str, tuple[Callable[..., object], int]] = {
    "hello": (ProbeRequests._hello, 1),
    "readprop": (ProbeRequests._readprop, 1),
    "open": (ProbeRequests._open, 0),
    "close": (ProbeRequests._close, 0),
    "lock": (ProbeRequests._nothing, 0),
    "unlock": (ProbeRequests._nothing, 0),
    "connect": (ProbeRequests._connect, 1),
    "disconnect": (ProbeRequests._disconnect, 0),
    "swj_sequence": (ProbeRequests._no_sequences, 2),
    "swd_sequence": (ProbeRequests._no_sequences, 1),
    "jtag_sequence": (ProbeRequests._no_sequences, 4),
    "set_clock": (ProbeRequests._set_clock, 1),
    "reset": (ProbeRequests._reset, 0),
    "assert_reset": (ProbeRequests._assert_reset, 1),
    "is_reset_asserted": (ProbeRequests._is_reset_asserted, 0),
    "flush": (ProbeRequests._nothing, 0),
    "read_dp": (ProbeRequests._read_dp, 1),
    "write_dp": (ProbeRequests._write_dp, 2),
    "read_ap": (ProbeRequests._read_ap, 1),
    "write_ap": (ProbeRequests._write_ap, 2),
    "read_ap_multiple": (ProbeRequests._read_ap_multiple, 2),
    "write_ap_multiple": (ProbeRequests._write_ap_multiple, 2),
    "get_memory_interface_for_ap": (ProbeRequests._get_memory_interface_for_ap, 2),
    "read_mem": (ProbeRequests._read_mem, 3),
    "write_mem": (ProbeRequests._write_mem, 4),
    "read_block32": (ProbeRequests._read_block32, 3),
    "write_block32": (ProbeRequests._write_block32, 3),
    "read_block8": (ProbeRequests._read_block8, 3),
    "write_block8": (ProbeRequests._write_block8, 3),
    "has_swo": (ProbeRequests._has_swo, 0),
    "swo_start": (ProbeRequests._no_swo, 1),
    "swo_stop": (ProbeRequests._no_swo, 0),
    "swo_read": (ProbeRequests._no_swo, 0),
}
"""Every request that the client can make, with the number of its arguments."""


def _decoded(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_REQUEST_BYTES:
        raise _RequestError(f"the request is longer than {MAX_REQUEST_BYTES} bytes")
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _RequestError("the request is not JSON") from error
    if not isinstance(request, dict):
        raise _RequestError("the request is not a JSON object")
    return request


def _request_id(request: dict[str, Any]) -> int:
    request_id = request.get("id")
    if type(request_id) is not int:
        raise _RequestError("the request has no id that is a whole number")
    return request_id


def _refusal(request_id: int, status: Status, message: str) -> bytes:
    return json.dumps({"id": request_id, "status": status, "error": message}).encode() + b"\n"


def _numbers(values: tuple[int, ...]) -> bytes:
    """A JSON list, in two thirds of the time that json.dumps takes: the way of 692 KB read back."""
    return b"[" + (b"%d," * len(values) % values)[:-1] + b"]"


def _number(value: object, what: str, limit: int = _WORD) -> int:
    if type(value) is not int or not 0 <= value <= limit:
        raise _RequestError(f"{what} is {reprlib.repr(value)}, not a whole number from 0 to {limit:#x}")
    return value


def _dp_address(value: object) -> int:
    address = _number(value, "the address")
    if address not in (0x0, 0x4, 0x8, 0xC):
        raise _RequestError(f"the debug port has no register at {address:#x}")
    return address


def _transfer_size(value: object) -> int:
    if type(value) is not int or value not in (8, 16, 32):
        raise _RequestError(f"the size is {reprlib.repr(value)}, not 8, 16 or 32 bits")
    return value // 8


def _aligned(value: object, size_bytes: int) -> int:
    address = _number(value, "the address")
    if address % size_bytes:
        raise _RequestError(f"the address {address:#010x} is not a multiple of {size_bytes}")
    return address


def _block_length(value: object, item_bytes: int) -> int:
    return _number(value, "the length", MAX_BLOCK_BYTES // item_bytes)


def _words(values: object) -> bytes:
    """A list of 32-bit numbers as bytes, the low byte first."""
    if isinstance(values, list):
        try:
            return struct.pack(f"<{len(values)}I", *values)
        except struct.error:
            pass
    raise _RequestError("the data are not a list of whole numbers from 0 to 0xffffffff")


def _bytes(values: object) -> bytes:
    if isinstance(values, list):
        try:
            return bytes(values)
        except (TypeError, ValueError):
            pass
    raise _RequestError("the data are not a list of whole numbers from 0 to 0xff")
