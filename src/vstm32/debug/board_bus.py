"""The bus as the debug port's AHB-AP sees it: all memory and registers of a board.

To be used while the core stands still. Flash is written through its controller, as by the core. While the
reset pin is low only the private peripheral bus answers, as on the real chip, where that is enough to prepare
a halt on the reset vector.
"""

from collections.abc import Iterator

from vstm32.base.memory_map import PPB_BASE
from vstm32.base.registers import RegisterBlock
from vstm32.board.board import Board
from vstm32.debug.dap import BusFaultError


class BoardBus:
    """See `dap.DebugBus`."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._map = board.core.memory.map

    def read(self, address: int, size_bytes: int) -> int:
        """1, 2 or 4 bytes of memory, or a register. Raises BusFaultError where nothing answers."""
        self._require_access(address)
        data = self._board.core.memory.read(address, size_bytes)
        if data is not None:
            return int.from_bytes(data, "little")
        block = self._block(address)
        if block is None:
            return 0
        if size_bytes == 4:
            return block.debugger_read(address - block.base)
        return block.read(address - block.base, size_bytes)

    def write(self, address: int, size_bytes: int, value: int) -> None:
        """Sets 1, 2 or 4 bytes of memory, or a register. Raises BusFaultError where nothing takes it."""
        self._require_access(address)
        if self._map.region_at(address) is not None:
            self.write_block(address, value.to_bytes(size_bytes, "little"))
            return
        block = self._block(address)
        if block is not None and size_bytes == 4:
            block.debugger_write(address - block.base, value)
        elif block is not None:
            block.write(address - block.base, size_bytes, value)

    def read_block(self, address: int, size_bytes: int) -> bytes:
        """Any number of bytes; registers word by word."""
        self._require_access(address)
        data = self._board.core.memory.read(address, size_bytes)
        if data is not None:
            return data
        pieces = _pieces(address, size_bytes)
        return b"".join(self.read(at, length).to_bytes(length, "little") for at, length in pieces)

    def write_block(self, address: int, data: bytes) -> None:
        """Any number of bytes; registers word by word."""
        self._require_access(address)
        region = self._map.region_at(address)
        if region is None:
            for at, length in _pieces(address, len(data)):
                piece = data[at - address : at - address + length]
                self.write(at, length, int.from_bytes(piece, "little"))
        elif region is self._map.flash and region.holds(address, len(data)):
            self._program(address, data)
        elif self._board.core.memory.store(address, data):
            self._board.core.forget_code()
        else:
            raise BusFaultError(address)

    def _program(self, address: int, data: bytes) -> None:
        flash = self._board.system.flash
        if not address % 4 and not len(data) % 4:
            flash.program(address, data, 4)
            return
        for at, length in _pieces(address, len(data)):
            flash.program(at, data[at - address : at - address + length], length)

    def _block(self, address: int) -> RegisterBlock | None:
        """The block with a register at an address; None if it has no clock, and so reads as zero."""
        bus = self._board.system.bus
        block = bus.block_at(address)
        if block is None:
            raise BusFaultError(address)
        return block if bus.is_clocked(block) else None

    def _require_access(self, address: int) -> None:
        silent = self._board.in_reset and address < PPB_BASE
        if silent or self._board.core.memory.why_closed(address):
            raise BusFaultError(address)


def _pieces(address: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """A range of registers as words, with single bytes where it does not begin or end at one."""
    end = address + size_bytes
    while address < end:
        length = 4 if not address % 4 and end - address >= 4 else 1
        yield address, length
        address += length
