"""The debug port of the microcontroller and the access port behind it, register by register.

ADIv5.2 (Arm IHI 0031G): chapter B2 has the registers of the debug port, chapter C2 those of a memory access
port. The port is an SW-DP of architecture version 2, and there is one access port, the Cortex-M7's AHB-AP.
Reads give their data at once, as a debug probe gives them to its user: probes hide that they are posted.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

ADDRESS_SPACE_BYTES = 1 << 32

DPIDR, ABORT = 0x0, 0x0
CTRL_STAT = 0x4
RESEND, SELECT = 0x8, 0x8
RDBUFF = 0xC
DPIDR_VALUE = 0x5BA0_2477

CSYSPWRUPREQ, CDBGPWRUPREQ = 1 << 30, 1 << 28
STICKYERR = 1 << 5
_MASKLANE = 0xF << 8
STKERRCLR = 1 << 2

CSW, TAR, DRW, BD0, BD3, BASE, IDR = 0x00, 0x04, 0x0C, 0x10, 0x1C, 0xF8, 0xFC
AHB_AP_IDR = 0x7477_0001
ROM_TABLE_BASE = 0xE00F_D003
M4_ROM_TABLE_BASE = 0xE00F_F003
"""BASE of a Cortex-M4, which has one table (DDI 0439B, section 9.2)."""


CSW_RESET = 0x0300_0042
_CSW_PROT = 0x7F << 24
_CSW_DEVICE_ENABLED = 1 << 6
CSW_INCREMENT_SINGLE = 1 << 4
_CSW_INCREMENT, _CSW_SIZE = 0x3 << 4, 0x7
CSW_BYTE, CSW_HALFWORD, CSW_WORD = 0, 1, 2

INCREMENT_WRAP_BYTES = 0x400
"""TAR counts up within 1 KB: more than its ten low bits need not increment (chapter C2, auto-increment)."""

_Result = TypeVar("_Result")


class BusFaultError(Exception):
    """The bus gives no answer, or an error, at an address."""

    def __init__(self, address: int) -> None:
        super().__init__(f"the bus gives an error at {address:#010x}")
        self.address = address


class TransferFaultError(Exception):
    """An access is answered with FAULT; the text says why."""


class DebugBus(Protocol):
    """The board's bus as a debugger sees it. Every access may raise `BusFaultError`."""

    def read(self, address: int, size_bytes: int) -> int:
        """Reads 1, 2 or 4 bytes at an address that is a multiple of the size."""

    def write(self, address: int, size_bytes: int, value: int) -> None:
        """Writes 1, 2 or 4 bytes at an address that is a multiple of the size."""

    def read_block(self, address: int, size_bytes: int) -> bytes:
        """Reads any number of bytes from any address; a fault names the word that failed."""

    def write_block(self, address: int, data: bytes) -> None:
        """Writes any number of bytes to any address; a fault names the word that failed."""


class MemoryAccessPort:
    """AP 0: the registers of a MEM-AP on a bus that moves 8, 16 and 32 bits (chapter C2).

    Packed transfers, which are optional, are not offered: CSW.AddrInc reads back what is.
    """

    def __init__(self, bus: DebugBus, rom_table: int = ROM_TABLE_BASE) -> None:
        self._bus = bus
        self._rom_table = rom_table
        self._csw = CSW_RESET
        self._tar = 0

    def reset(self) -> None:
        """As after power-on."""
        self._csw = CSW_RESET
        self._tar = 0

    def read(self, register: int) -> int:
        """The value of the register at an offset; registers that are not there read as zero."""
        if register == DRW:
            return self._read_data()
        if BD0 <= register <= BD3:
            return self._bus.read(self._banked_address(register), 4)
        constants = {CSW: self._csw, TAR: self._tar, BASE: self._rom_table, IDR: AHB_AP_IDR}
        return constants.get(register, 0)

    def write(self, register: int, value: int) -> None:
        """Writes the register at an offset; read-only ones and those that are not there ignore it."""
        if register == DRW:
            self._write_data(value)
        elif BD0 <= register <= BD3:
            self._bus.write(self._banked_address(register), 4, value)
        elif register == TAR:
            self._tar = value
        elif register == CSW:
            size = value & _CSW_SIZE
            # What is not supported reads back as something that is (C2.6.4).
            size = size if size <= CSW_WORD else CSW_WORD
            increment = value & CSW_INCREMENT_SINGLE if value & _CSW_INCREMENT == CSW_INCREMENT_SINGLE else 0
            self._csw = value & _CSW_PROT | _CSW_DEVICE_ENABLED | increment | size

    def read_repeated(self, register: int, count: int) -> list[int]:
        """Reads one register so many times; words in a row from DRW go over the bus as blocks."""
        if not self._is_block(register):
            return [self.read(register) for _ in range(count)]
        words: list[int] = []
        while len(words) < count:
            length = min(count - len(words), self._words_to_wrap())
            with self._stops_at_fault():
                data = self._bus.read_block(self._tar, 4 * length)
            words += struct.unpack(f"<{length}I", data)
            self._advance(4 * length)
        return words

    def write_repeated(self, register: int, values: Sequence[int]) -> None:
        """Writes one register with each of the values; words in a row to DRW go over the bus as blocks."""
        if not self._is_block(register):
            for value in values:
                self.write(register, value)
            return
        done = 0
        while done < len(values):
            words = values[done : done + self._words_to_wrap()]
            data = struct.pack(f"<{len(words)}I", *words)
            with self._stops_at_fault():
                self._bus.write_block(self._tar, data)
            self._advance(len(data))
            done += len(words)

    @property
    def _size_bytes(self) -> int:
        return 1 << (self._csw & _CSW_SIZE)

    def _is_block(self, register: int) -> bool:
        words_in_a_row = self._size_bytes == 4 and self._csw & CSW_INCREMENT_SINGLE
        return bool(register == DRW and words_in_a_row and not self._tar & 3)

    @contextmanager
    def _stops_at_fault(self) -> Iterator[None]:
        """After a block, as after single accesses, TAR stays at the one that failed."""
        try:
            yield
        except BusFaultError as error:
            self._tar = error.address
            raise

    def _words_to_wrap(self) -> int:
        return (INCREMENT_WRAP_BYTES - self._tar % INCREMENT_WRAP_BYTES) // 4

    def _banked_address(self, register: int) -> int:
        return self._tar & ~0xF | register & 0xC

    def _read_data(self) -> int:
        """A narrow datum stands in the byte lanes of its address (chapter C2, byte lanes)."""
        size_bytes = self._aligned_size()
        value = self._bus.read(self._tar, size_bytes) << 8 * (self._tar & 3)
        self._advance(size_bytes)
        return value

    def _write_data(self, value: int) -> None:
        size_bytes = self._aligned_size()
        self._bus.write(self._tar, size_bytes, value >> 8 * (self._tar & 3) & (1 << 8 * size_bytes) - 1)
        self._advance(size_bytes)

    def _aligned_size(self) -> int:
        size_bytes = self._size_bytes
        if self._tar & size_bytes - 1:
            raise BusFaultError(self._tar)
        return size_bytes

    def _advance(self, size_bytes: int) -> None:
        if self._csw & CSW_INCREMENT_SINGLE:
            low = INCREMENT_WRAP_BYTES - 1
            self._tar = self._tar & ~low | self._tar + size_bytes & low


class _AbsentAccessPort:
    """An access port that does not exist reads as zero and ignores writes (chapter C1)."""

    def read_repeated(self, _register: int, count: int) -> list[int]:
        return [0] * count

    def write_repeated(self, _register: int, _values: Sequence[int]) -> None:
        pass


class DebugPort:
    """The SW-DP: power-up handshake, selection of an access port, and the sticky error.

    Values and addresses are 32 bits wide. The overrun, compare and parity flags of CTRL/STAT never come up on
    a cable that is not there, and the banked registers behind address 4 read as zero.
    """

    def __init__(self, bus: DebugBus, rom_table: int = ROM_TABLE_BASE) -> None:
        self._bus = bus
        self._access_port = MemoryAccessPort(bus, rom_table)
        self.access_port_absent = False
        """A fault: there is no access port behind the debug port."""
        self._control = 0
        self._select = 0
        self._sticky_error = False
        self._read_buffer = 0

    def reset(self) -> None:
        """As after power-on. A reset of the system does not reach the debug port."""
        self._control = self._select = self._read_buffer = 0
        self._sticky_error = False
        self._access_port.reset()

    # --- the debug port's own registers

    def read_dp(self, address: int) -> int:
        """Reads DPIDR, CTRL/STAT, RESEND or RDBUFF by its address."""
        if address == DPIDR:
            return DPIDR_VALUE
        if address == CTRL_STAT:
            if self._select & 0xF:
                return 0
            acknowledged = (self._control & (CSYSPWRUPREQ | CDBGPWRUPREQ)) << 1
            return self._control | acknowledged | (STICKYERR if self._sticky_error else 0)
        return self._read_buffer

    def write_dp(self, address: int, value: int) -> None:
        """Writes ABORT, CTRL/STAT or SELECT by its address."""
        if address == ABORT:
            self._sticky_error = self._sticky_error and not value & STKERRCLR
        elif address == SELECT:
            self._select = value
        elif address == CTRL_STAT and not self._select & 0xF:
            self._control = value & (CSYSPWRUPREQ | CDBGPWRUPREQ | _MASKLANE)

    # --- the access port that SELECT names

    def read_ap(self, address: int) -> int:
        """Reads a register: bits 3 and 2 of the address, the rest is SELECT's. Raises TransferFaultError."""
        return self.read_ap_repeated(address, 1)[0]

    def write_ap(self, address: int, value: int) -> None:
        """Writes a register: bits 3 and 2 of the address, the rest is SELECT's. Raises TransferFaultError."""
        self.write_ap_repeated(address, (value,))

    def read_ap_repeated(self, address: int, count: int) -> list[int]:
        """Reads one register so many times. Raises TransferFaultError, and then gives nothing."""
        values = self._transfer(lambda: self._selected.read_repeated(self._register(address), count))
        if values:
            self._read_buffer = values[-1]
        return values

    def write_ap_repeated(self, address: int, values: Sequence[int]) -> None:
        """Writes one register with each of the values. Raises TransferFaultError at the first that fails."""
        self._transfer(lambda: self._selected.write_repeated(self._register(address), values))

    @property
    def _selected(self) -> MemoryAccessPort | _AbsentAccessPort:
        return _AbsentAccessPort() if self._select >> 24 or self.access_port_absent else self._access_port

    def _register(self, address: int) -> int:
        return self._select & 0xF0 | address & 0xC

    def _transfer(self, access: Callable[[], _Result]) -> _Result:
        """A transfer to an access port: an error sticks, and nothing goes on until it is cleared (B1.2)."""
        if self._sticky_error:
            raise TransferFaultError("an earlier error has not been cleared in ABORT (CTRL/STAT.STICKYERR)")
        try:
            return self._powered(access)
        except TransferFaultError:
            self._sticky_error = True
            raise

    def _powered(self, access: Callable[[], _Result]) -> _Result:
        if not self._control & CDBGPWRUPREQ:
            raise TransferFaultError("the debug domain has no power (CTRL/STAT.CDBGPWRUPREQ is 0)")
        try:
            return access()
        except BusFaultError as error:
            raise TransferFaultError(str(error)) from error

    # --- memory, as a probe with its own commands for it gives it

    def read_memory(self, address: int, size_bytes: int) -> int:
        """Reads 1, 2 or 4 bytes at a multiple of the size. Raises TransferFaultError.

        This and the next three leave all registers alone: a probe that has commands for memory, such as an
        ST-LINK, clears the sticky error by itself, and pyOCD counts on it.
        """
        return self._powered(lambda: self._bus.read(address, size_bytes))

    def write_memory(self, address: int, size_bytes: int, value: int) -> None:
        """Writes 1, 2 or 4 bytes at a multiple of the size. Raises TransferFaultError."""
        self._powered(lambda: self._bus.write(address, size_bytes, value))

    def read_memory_block(self, address: int, size_bytes: int) -> bytes:
        """Reads any number of bytes. Raises TransferFaultError."""
        self._check_range(address, size_bytes)
        return self._powered(lambda: self._bus.read_block(address, size_bytes))

    def write_memory_block(self, address: int, data: bytes) -> None:
        """Writes any number of bytes; those before an error are written. Raises TransferFaultError."""
        self._check_range(address, len(data))
        self._powered(lambda: self._bus.write_block(address, data))

    @staticmethod
    def _check_range(address: int, size_bytes: int) -> None:
        if address + size_bytes > ADDRESS_SPACE_BYTES:
            raise TransferFaultError(
                f"{size_bytes} bytes at {address:#010x} go beyond the end of the address space"
            )
