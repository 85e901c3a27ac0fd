"""The plain memory of the board: flash and RAM of all kinds, shared between Unicorn and Python.

It is mapped into Unicorn without a copy.
"""

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from vstm32.base.memory_map import Region, Storage
from vstm32.cortex_m.mpu import PermissionMap, permitted
from vstm32.cortex_m.shared import Shared
from vstm32.native.library import ffi, lib

_PAGE_BYTES = 4096


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
        self._map()

    def _map(self) -> None:
        import unicorn

        origin = self._shared.memory_address
        self._mappings: list[tuple[int, int, int]] = []
        mapped_to = 0
        for region in sorted(self.map.regions, key=lambda each: each.base):
            if region.base < mapped_to:
                continue
            # RAMs follow each other: one mapping, so that data may cross.
            size = self.map.ram_size_bytes if region is self.map.ram[0] else region.size_bytes
            permissions = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
            if region.writable:
                permissions |= unicorn.UC_PROT_WRITE
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
        for base, end, permissions in self._mappings:
            for first, last in self._uniform_pages(intervals, base, end):
                allowed = permissions & permitted(intervals, first, last - first)
                self._engine.mem_protect(first, last - first, allowed)
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

    @property
    def flash_host_address(self) -> int:
        """Where this process has the flash memory: the start of a page."""
        return self._shared.memory_address + self._shared.storage_places[Storage.FLASH]

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
            if region.writable:
                place = self._place(region, region.base)
                self._bytes[place : place + region.size_bytes] = bytes(region.size_bytes)
        self._engine.ctl_flush_tb()

    def write_words(self, address: int, words: tuple[int, ...]) -> bool:
        """Stores 32-bit words as the core would (a stack frame); False where memory is not writable."""
        data = struct.pack(f"<{len(words)}I", *words)
        regions = (self.map.region_at(address), self.map.region_at(address + len(data) - 1))
        if address % 4 or any(region is None or not region.writable for region in regions):
            return False
        self._engine.mem_write(address, data)
        return True

    def read_words(self, address: int, count: int) -> tuple[int, ...] | None:
        """32-bit words of plain memory, or None where there is none."""
        data = self.read(address, 4 * count)
        return None if data is None else struct.unpack(f"<{count}I", data)
