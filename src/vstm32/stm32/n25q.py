"""A serial flash of Micron's N25Q series with 128 Mbit, as its data sheet "128Mb, 3V, Multiple I/O Serial
Flash Memory" (n25q_128mb_3v_65nm) has it: extended SPI protocol, each instruction on one line.

Not modelled: the dual and quad protocols, XIP, suspending, protection of sectors, the one-time programmable
area. The non-volatile configuration register is as it was delivered.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vstm32.base.chip import SerialFlashPart
from vstm32.stm32.serial_flash import Transfer

WRITE_ENABLE, WRITE_DISABLE = 0x06, 0x04
READ_STATUS, READ_FLAG_STATUS, CLEAR_FLAG_STATUS = 0x05, 0x70, 0x50
READ_VOLATILE, WRITE_VOLATILE = 0x85, 0x81
READ_NONVOLATILE = 0xB5
READ_ENHANCED = 0x65
READ_ID, READ_ID_AGAIN = 0x9F, 0x9E
RESET_ENABLE, RESET = 0x66, 0x99
ERASE_SUBSECTOR, ERASE_SECTOR, ERASE_ALL = 0x20, 0xD8, 0xC7
PAGE_BYTES, SUBSECTOR_BYTES, SECTOR_BYTES = 256, 4 * 1024, 64 * 1024

# Table "Memory characteristics": typical.
PROGRAM_S, ERASE_SUBSECTOR_S, ERASE_SECTOR_S, ERASE_ALL_S = 0.5e-3, 0.25, 0.7, 170.0

WIP, WEL = 1 << 0, 1 << 1
FLAG_READY, FLAG_PROTECTION = 1 << 7, 1 << 1
_VOLATILE_DELIVERED = 0xFB
"""Dummy cycles as each command has them, no XIP, no wrap."""

_ERASES = {
    ERASE_SUBSECTOR: (SUBSECTOR_BYTES, ERASE_SUBSECTOR_S),
    ERASE_SECTOR: (SECTOR_BYTES, ERASE_SECTOR_S),
    ERASE_ALL: (0, ERASE_ALL_S),
}


@dataclass(frozen=True, slots=True)
class _Read:
    """A command that reads memory: its lines, and dummy cycles if nobody chooses them; None: it has none."""

    lines: str
    dummy_cycles: int | None


_READS = {
    0x03: _Read("1-1-1", None),
    0x0B: _Read("1-1-1", 8),
    0x3B: _Read("1-1-2", 8),
    0xBB: _Read("1-2-2", 8),
    0x6B: _Read("1-1-4", 8),
    0xEB: _Read("1-4-4", 10),
}
_PROGRAMS = {0x02: "1-1-1", 0xA2: "1-1-2", 0xD2: "1-2-2", 0x32: "1-1-4", 0x12: "1-4-4"}


class N25q:
    """One specimen; what `contents` gives is its memory, which stays without power."""

    def __init__(
        self,
        part: SerialFlashPart,
        contents: Callable[[], memoryview],
        *,
        now: Callable[[], int],
        clock_hz: Callable[[], int],
        complain: Callable[[str], None],
    ) -> None:
        """`now` counts cycles of `clock_hz`."""
        self._part = part
        self._contents = contents
        self._now = now
        self._clock_hz = clock_hz
        self._complain = complain
        self.ready_at = 0
        self.power_on()

    def power_on(self) -> None:
        """Volatile registers as delivered, no write enabled, and what was under way has ended."""
        self.ready_at = 0
        self._volatile = _VOLATILE_DELIVERED
        self._write_enabled = False
        self._protection_error = False
        self._reset_enabled = False

    @property
    def _is_busy(self) -> bool:
        return self._now() < self.ready_at

    # --- reading

    def why_not_readable(self, transfer: Transfer) -> str:
        """See `SerialFlash`."""
        known = _READS.get(transfer.instruction if transfer.instruction is not None else -1)
        if known is None:
            return f"{_name(transfer)} reads no memory of the {self._part.name}"
        if transfer.lines != known.lines:
            return f"{_name(transfer)} goes as {known.lines}, and QUADSPI_CCR has {transfer.lines}"
        if transfer.address_bytes != 3:
            return f"its addresses have 3 bytes, and QUADSPI_CCR has {transfer.address_bytes}"
        dummy_cycles = transfer.dummy_cycles + transfer.clocks_of_alternate_bytes
        wanted = self._dummy_cycles(known)
        if dummy_cycles != wanted:
            return f"{_name(transfer)} has {wanted} dummy cycles, and QUADSPI_CCR {dummy_cycles}"
        return "it is erasing or programming" if self._is_busy else ""

    def _dummy_cycles(self, known: _Read) -> int:
        if known.dummy_cycles is None:
            return 0
        chosen = self._volatile >> 4
        return known.dummy_cycles if chosen in (0x0, 0xF) else chosen

    def read(self, transfer: Transfer, offset: int, size_bytes: int) -> bytes:
        """See `SerialFlash`. What cannot be read gives 0xFF, as a line that nobody drives."""
        instruction = transfer.instruction
        if instruction in (READ_ID, READ_ID_AGAIN):
            identity = self._part.identity
            return bytes(
                identity[at] if at < len(identity) else 0 for at in range(offset, offset + size_bytes)
            )
        registers = {
            READ_STATUS: (WIP if self._is_busy else 0) | (WEL if self._write_enabled else 0),
            READ_FLAG_STATUS: (0 if self._is_busy else FLAG_READY)
            | (FLAG_PROTECTION if self._protection_error else 0),
            READ_VOLATILE: self._volatile,
            READ_NONVOLATILE: 0xFF,
            READ_ENHANCED: 0xDF,
        }
        if instruction in registers:
            if transfer.lines != "1-0-1":
                self._complain(
                    f"{_name(transfer)} of the {self._part.name} goes as 1-0-1, not {transfer.lines}."
                )
                return b"\xff" * size_bytes
            # It is repeated for as long as somebody listens; NVCR has 16 bits, which are all ones.
            return bytes([registers[instruction]]) * size_bytes
        why = self.why_not_readable(transfer)
        if why:
            self._complain(f"The {self._part.name} is not read: {why}.")
            return b"\xff" * size_bytes
        contents = self._contents()
        first = (transfer.address + offset) % len(contents)
        data = bytes(contents[first : first + size_bytes])
        return data + bytes(contents[: size_bytes - len(data)])

    # --- writing

    def write(self, transfer: Transfer, data: bytes) -> None:
        """See `SerialFlash`. While it is busy it takes nothing."""
        instruction = transfer.instruction
        reset_enabled, self._reset_enabled = self._reset_enabled, instruction == RESET_ENABLE
        if instruction == RESET and reset_enabled:
            self.power_on()
        elif self._is_busy:
            self._complain(f"{_name(transfer)} comes while the {self._part.name} is erasing or programming.")
        elif instruction in (WRITE_ENABLE, WRITE_DISABLE):
            self._write_enabled = instruction == WRITE_ENABLE
        elif instruction == CLEAR_FLAG_STATUS:
            self._protection_error = False
        elif instruction == WRITE_VOLATILE or instruction in _ERASES or instruction in _PROGRAMS:
            self._change(transfer, data)
        elif instruction not in (RESET_ENABLE, RESET):
            self._complain(
                f"The {self._part.name} has no command {_name(transfer)}, or none that is modelled."
            )

    def _change(self, transfer: Transfer, data: bytes) -> None:
        instruction = transfer.instruction or 0
        if not self._write_enabled:
            self._complain(f"{_name(transfer)} comes without WRITE ENABLE (0x06): nothing happens.")
            return
        self._write_enabled = False
        if instruction == WRITE_VOLATILE:
            self._volatile = data[0] if data else self._volatile
            if not self._volatile & 1 << 3 or self._volatile & 3 != 3:
                self._complain(f"The {self._part.name} is not modelled with XIP or with wrapped reads.")
        elif instruction in _ERASES:
            self._erase(transfer)
        else:
            self._program(transfer, data)

    def _erase(self, transfer: Transfer) -> None:
        size_bytes, seconds = _ERASES[transfer.instruction or 0]
        contents = self._contents()
        size_bytes = size_bytes or len(contents)
        first = transfer.address % len(contents) // size_bytes * size_bytes
        contents[first : first + size_bytes] = b"\xff" * size_bytes
        self._keep_busy(seconds)

    def _program(self, transfer: Transfer, data: bytes) -> None:
        """Bits go from 1 to 0, within the page: what is more goes to its beginning, and the last 256 bytes
        count.
        """
        lines = _PROGRAMS[transfer.instruction or 0]
        if transfer.lines != lines:
            self._complain(f"{_name(transfer)} goes as {lines}, and QUADSPI_CCR has {transfer.lines}.")
            return
        contents = self._contents()
        address = transfer.address % len(contents)
        page = address // PAGE_BYTES * PAGE_BYTES
        if address - page + len(data) > PAGE_BYTES:
            self._complain(
                f"{len(data)} bytes at {address:#08x} go beyond their page of {PAGE_BYTES} bytes, to its "
                "beginning."
            )
        kept = data[-PAGE_BYTES:]
        first = (address - page + len(data) - len(kept)) % PAGE_BYTES
        # Turned so that it begins with the first byte of the page; what is not written stays as it is.
        turned = (kept.ljust(PAGE_BYTES, b"\xff") * 2)[PAGE_BYTES - first :][:PAGE_BYTES]
        before = int.from_bytes(contents[page : page + PAGE_BYTES], "big")
        both = before & int.from_bytes(turned, "big")
        contents[page : page + PAGE_BYTES] = both.to_bytes(PAGE_BYTES, "big")
        self._keep_busy(PROGRAM_S)

    def _keep_busy(self, seconds: float) -> None:
        self.ready_at = self._now() + round(seconds * self._clock_hz())


def _name(transfer: Transfer) -> str:
    return "no instruction" if transfer.instruction is None else f"instruction {transfer.instruction:#04x}"
