"""The plain memory of the board: flash and RAM of all kinds, shared between Unicorn and Python.

It is mapped into Unicorn without a copy.
"""

import ctypes
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from vstm32.base.memory_map import EXTERNAL, Region, Storage
from vstm32.cortex_m.mpu import (
    PERMIT_EXECUTE,
    PERMIT_READ,
    PERMIT_UNALIGNED,
    PERMIT_WRITE,
    PermissionMap,
    permitted,
)
from vstm32.cortex_m.shared import Shared, address_of
from vstm32.native.library import ffi, lib

_PAGE_BYTES = 4096
_OF_UNICORN = PERMIT_READ | PERMIT_WRITE | PERMIT_EXECUTE
_EXTERNAL_ACCESS = {
    Storage.SDRAM: (lib.sdram_read, lib.external_write),
    Storage.SERIAL_FLASH: (lib.serial_flash_read, lib.external_write),
}


def _permissions(region: Region) -> int:
    return _OF_UNICORN if region.writable else _OF_UNICORN & ~PERMIT_WRITE


class Memory:
    """Reads and writes memory from outside of the running code, by addresses of the target."""

    def __init__(self, engine: Any, shared: Shared, forget_costs: Callable[[], None]) -> None:
        """`forget_costs` is called when what blocks of code cost may be wrong from now on."""
        self._engine = engine
        self._forget_costs = forget_costs
        self._shared = shared
        self.map = shared.map
        """What stands where."""
        self._bytes = shared.memory
        self.flash = shared.flash
        """All of flash; whoever changes it calls `forget_code`."""
        self._intervals: PermissionMap = ()
        self._is_stale = False
        self._mapped_open: set[Region] = set()
        self._why_closed: dict[Storage, str] = {}
        self._never_open = set(EXTERNAL)
        self._map()

    def _map(self) -> None:
        origin = self._shared.memory_address
        self._mappings: list[tuple[int, int, int]] = []
        mapped_to = 0
        for region in sorted(self.map.regions, key=lambda each: each.base):
            if region.base < mapped_to:
                continue
            if region.storage in EXTERNAL:
                self._map_guarded(region)
                self.close(region.storage, "nobody has set it up")
                continue
            # RAMs follow each other: one mapping, so that data may cross.
            size = self.map.ram_size_bytes if region is self.map.ram[0] else region.size_bytes
            permissions = _permissions(region)
            host = origin + self._place(region, region.base)
            self._engine.mem_map_ptr(region.base, size, permissions, host)
            if not region.writable:
                # Only this makes Unicorn drop the stores that the access hook lets through.
                self._engine.mem_protect(region.base, size, permissions)
            mapped_to = region.base + size
            self._mappings.append((region.base, mapped_to, permissions))

    def protect(self, intervals: PermissionMap) -> None:
        """Gives Unicorn the permissions of each page: what all of the page allows. Never inside a callback.

        PERMIT_ bits are those of Unicorn (1 read, 2 write, 4 execute).
        """
        self._intervals = intervals
        self._is_stale = True
        for base, end, permissions in self._mappings:
            self._protect_pages(base, end, permissions)
        self._engine.ctl_flush_tb()

    def _protect_pages(self, base: int, end: int, permissions: int) -> None:
        for first, last in self._uniform_pages(self._intervals, base, end):
            allowed = permissions & permitted(self._intervals, first, last - first) & _OF_UNICORN
            self._engine.mem_protect(first, last - first, allowed)

    # --- memories of the board

    def _map_guarded(self, region: Region) -> None:
        """Has the access hook asked about each access: the memory is closed, or that of a device."""
        reader, writer = (ctypes.c_void_p(address_of(each)) for each in _EXTERNAL_ACCESS[region.storage])
        from unicorn.unicorn_py3 import unicorn as binding

        state = self._shared.state_address
        error = binding.uclib.uc_mmio_map(
            self._engine._uch, region.base, region.size_bytes, reader, state, writer, state
        )
        assert not error
        self._engine.mem_protect(region.base, region.size_bytes, 0)

    def _map_open(self, region: Region) -> None:
        """The memory as it is; its permissions are laid over it afterwards."""
        host = self._shared.memory_address + self._place(region, region.base)
        permissions = _permissions(region)
        self._engine.mem_map_ptr(region.base, region.size_bytes, permissions, host)
        if not region.writable:
            self._engine.mem_protect(region.base, region.size_bytes, permissions)

    def open(self, storage: Storage) -> None:
        """A memory of the board answers from now on; the core sees so at once."""
        self._is_stale |= self._why_closed.pop(storage, None) is not None
        self._never_open.discard(storage)
        self._shared.external(storage).is_open = 1

    def close(self, storage: Storage, why: str) -> None:
        """A memory of the board answers no more; `why` is a phrase, for a finding."""
        self._is_stale |= storage not in self._why_closed
        self._why_closed[storage] = why
        self._shared.external(storage).is_open = 0

    def why_closed(self, address: int) -> str:
        """Why there is no answer from an address in a memory of the board; "" if there is one."""
        if not self._why_closed:
            return ""
        region = self.map.region_at(address)
        return "" if region is None else self._why_closed.get(region.storage, "")

    def is_external(self, address: int) -> bool:
        """Whether a memory of the board has an address."""
        return any(region.holds(address) for region in self.map.external)

    def settle(self) -> None:
        """Tells Unicorn which memories of the board are open. Never inside a callback."""
        if not self._is_stale:
            return
        self._is_stale = False
        for region in self.map.external:
            normal = permitted(self._intervals, region.base, region.size_bytes) & PERMIT_UNALIGNED
            is_open = bool(normal) and region.storage not in self._why_closed
            if is_open != (region in self._mapped_open):
                self._engine.mem_unmap(region.base, region.size_bytes)
                if is_open:
                    self._map_open(region)
                    self._mapped_open.add(region)
                else:
                    self._map_guarded(region)
                    self._mapped_open.discard(region)
            if is_open:
                self._protect_pages(region.base, region.end, _permissions(region))
        self._engine.ctl_flush_tb()

    @staticmethod
    def _uniform_pages(intervals: PermissionMap, base: int, end: int) -> Iterator[tuple[int, int]]:
        """Ranges of whole pages, cut wherever an interval begins, so that mixed pages stand alone."""
        cuts = {base, end}
        for first, _ in intervals:
            if base < first < end:
                cuts |= {first & ~(_PAGE_BYTES - 1), -(-first // _PAGE_BYTES) * _PAGE_BYTES}
        yield from pairwise(sorted(cuts))

    def _place(self, region: Region, address: int) -> int:
        return self._shared.storage_places[region.storage] + region.offset + address - region.base

    def storage(self, storage: Storage) -> memoryview:
        """All bytes of a memory; whoever changes code in it calls `forget_code`."""
        place = self._shared.storage_places[storage]
        return self._bytes[place : place + self.map.sizes_bytes[storage]]

    def host_address(self, storage: Storage) -> int:
        """Where this process has a memory: the start of a page."""
        return self._shared.memory_address + self._shared.storage_places[storage]

    def read(self, address: int, size_bytes: int) -> bytes | None:
        """Bytes of plain memory, or None where there is none."""
        parts = []
        while size_bytes > 0:
            region = self.map.region_at(address)
            if region is None:
                return None
            length = min(size_bytes, region.end - address)
            place = self._place(region, address)
            parts.append(bytes(self._bytes[place : place + length]))
            address, size_bytes = address + length, size_bytes - length
        return b"".join(parts)

    def load(self, address: int, data: bytes) -> None:
        """Puts bytes into memory while the core stands still, flash included."""
        region = self.map.region_at(address, len(data))
        if region is None:
            raise ValueError(f"{len(data)} bytes at {address:#010x} are not inside of one memory region")
        place = self._place(region, address)
        self._bytes[place : place + len(data)] = data
        self.forget_code()

    def forget_code(self) -> None:
        """Drops the blocks translated from code in memory, and their costs. Never inside a callback."""
        self._engine.ctl_flush_tb()
        executed = ffi.buffer(self._shared.executed)
        executed[:] = bytes(len(executed))
        self._forget_costs()

    def store(self, address: int, data: bytes) -> bool:
        """Puts bytes into RAM; False where not all of it is RAM. What was code there is to be forgotten."""
        pieces = []
        position = 0
        while position < len(data):
            region = self.map.region_at(address + position)
            if region is None or not region.writable:
                return False
            length = min(len(data) - position, region.end - address - position)
            pieces.append((self._place(region, address + position), data[position : position + length]))
            position += length
        for place, piece in pieces:
            self._bytes[place : place + len(piece)] = piece
        return True

    def has_run(self, address: int) -> bool:
        """Whether blocks may have been translated from memory about an address since `forget_code`."""
        region = self.map.region_at(address)
        return region is not None and bool(
            self._shared.executed[self._place(region, address) >> lib.EXECUTED_SHIFT]
        )

    def clear_ram(self) -> None:
        """ITCM RAM and RAM lose what they held, as when the power goes."""
        for region in self.map.regions:
            if region.writable and region.storage not in self._never_open:
                place = self._place(region, region.base)
                self._bytes[place : place + region.size_bytes] = bytes(region.size_bytes)
        self._engine.ctl_flush_tb()

    def write_words(self, address: int, words: tuple[int, ...]) -> bool:
        """Stores 32-bit words as the core would (a stack frame); False where memory is not writable."""
        data = struct.pack(f"<{len(words)}I", *words)
        regions = (self.map.region_at(address), self.map.region_at(address + len(data) - 1))
        if address % 4 or any(region is None or not region.writable for region in regions):
            return False
        if self.why_closed(address):
            return False
        self._engine.mem_write(address, data)
        return True

    def read_words(self, address: int, count: int) -> tuple[int, ...] | None:
        """32-bit words of plain memory, or None where there is none."""
        data = self.read(address, 4 * count)
        return None if data is None else struct.unpack(f"<{count}I", data)
