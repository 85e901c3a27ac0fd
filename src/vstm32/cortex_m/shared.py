"""What Unicorn, the hooks in C and Python share: the target's memory, and the state of the hooks.

The state is the C struct of `native/layout.h`: `shared.state.cycles` is a field of it. Its tables are
mappings of their own, of which only the pages that are used take memory.
"""

import ctypes
import mmap
from typing import Any

from vstm32.base import memory_map
from vstm32.base.memory_map import Storage
from vstm32.native.library import ffi, lib
from vstm32.timing import m7_table

PARTS_OF_CYCLE: int = 1 << lib.PART_BITS
"""Costs of blocks are whole numbers of these."""

_SIZES = {
    Storage.FLASH: memory_map.FLASH_SIZE_BYTES,
    Storage.ITCM: memory_map.ITCM_SIZE_BYTES,
    Storage.RAM: memory_map.RAM_SIZE_BYTES,
    Storage.IDENTITY: memory_map.IDENTITY_SIZE_BYTES,
}
"""In the order in which they stand in memory, all multiples of a page."""

MEMORY_BYTES = sum(_SIZES.values())
HALFWORDS = MEMORY_BYTES // 2


def _storage_places() -> dict[Storage, int]:
    places, place = {}, 0
    for storage, size in _SIZES.items():
        places[storage] = place
        place += size
    return places


STORAGE_PLACE = _storage_places()
"""Where each part of memory begins; `place` is an offset into all of it."""


def address_of(thing: Any) -> int:
    """Where this process has something of C: data, or a function of the library."""
    return int(ffi.cast("uintptr_t", thing))


def place_of(address: int) -> int | None:
    """The place of an address of the target; None where no memory is."""
    region = memory_map.region_at(address)
    return None if region is None else STORAGE_PLACE[region.storage] + region.offset + address - region.base


def new_table(kind: str, count: int) -> Any:
    """A table of zeros in C, which begins at a page of this process; `kind` is a type of `layout.h`."""
    # Private: flash can be a file mapped over a part of memory, which goes with the whole.
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return ffi.from_buffer(f"{kind}[]", mmap.mmap(-1, count * ffi.sizeof(kind), flags=private))


class Shared:
    """The memory and the state of one core; flash is erased (0xFF), all else is 0."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        table = self._table("uint8_t", MEMORY_BYTES)
        self.memory = memoryview(ffi.buffer(table))
        """All of memory, by place."""
        self.memory_address = address_of(table)
        self.flash = self.memory[: memory_map.FLASH_SIZE_BYTES]
        self.flash[:] = b"\xff" * memory_map.FLASH_SIZE_BYTES
        self.state = self._table("struct state", 1)[0]
        """`struct state`."""
        self._describe_memory(table)
        self._describe_timing()
        self._describe_registers()

    def _table(self, kind: str, count: int) -> Any:
        table = new_table(kind, count)
        self._kept.append(table)
        return table

    @property
    def state_pointer(self) -> Any:
        """`struct state *`."""
        return ffi.addressof(self.state)

    @property
    def state_address(self) -> int:
        """What the hooks get as their data."""
        return address_of(self.state_pointer)

    def _describe_memory(self, table: Any) -> None:
        memory = self.state.memory
        memory.bytes = table
        memory.flash_base = memory_map.FLASH_BASE
        memory.flash_end = memory_map.FLASH_BASE + memory_map.FLASH_SIZE_BYTES
        memory.flash_itcm_base = memory_map.FLASH_ITCM_BASE
        memory.flash_itcm_end = memory_map.FLASH_ITCM_BASE + memory_map.FLASH_SIZE_BYTES
        memory.itcm_end = memory_map.ITCM_BASE + memory_map.ITCM_SIZE_BYTES
        memory.itcm_place = STORAGE_PLACE[Storage.ITCM]
        memory.ram_base = memory_map.RAM_BASE
        memory.ram_end = memory_map.RAM_BASE + memory_map.RAM_SIZE_BYTES
        memory.ram_place = STORAGE_PLACE[Storage.RAM]
        self.executed = self._table("uint8_t", memory_map.FLASH_SIZE_BYTES >> lib.EXECUTED_SHIFT)
        memory.executed = self.executed

    def _describe_timing(self) -> None:
        state = self.state
        assert {m7_table.INSTRUCTION_CACHE_WAYS, m7_table.ART_WAYS} == {lib.CACHE_WAYS}
        state.mispredicted_parts = m7_table.MISPREDICTED_CYCLES * PARTS_OF_CYCLE
        state.line_bits = m7_table.LINE_BYTES.bit_length() - 1
        for cache, count in (
            (state.instruction_cache, m7_table.INSTRUCTION_CACHE_SETS),
            (state.art, m7_table.ART_LINES // m7_table.ART_WAYS),
        ):
            cache.sets = self._table("struct cache_set", count)
            cache.count = count
        state.records = self._table("struct record", lib.MOST_BLOCKS)
        state.previous = state.records
        state.block_numbers = self._table("uint32_t", HALFWORDS)
        state.cycles_left = self._table("uint16_t", HALFWORDS)

    def _describe_registers(self) -> None:
        for window, base, size in (
            (self.state.peripherals, memory_map.PERIPHERAL_BASE, memory_map.PERIPHERAL_SIZE_BYTES),
            (self.state.ahb2, memory_map.AHB2_BASE, memory_map.AHB2_SIZE_BYTES),
            (self.state.private_bus, memory_map.PPB_BASE, memory_map.PPB_SIZE_BYTES),
        ):
            window.base = base
            window.end = base + size
            window.known = self._table("uint8_t", size // 4)

    def announce_registers(self, address: int, size_bytes: int) -> None:
        """Lets accesses to a range of modelled registers through."""
        state = self.state
        for window in (state.peripherals, state.ahb2, state.private_bus):
            if window.base <= address < window.end:
                first = (address - window.base) // 4
                for word in range(first, first + (size_bytes + 3) // 4):
                    window.known[word] = 1

    def new_profile(self) -> Any:
        """Empty tables for the hook of the profiler: a `struct profile *`."""
        profile = self._table("struct profile", 1)
        profile[0].state = self.state_pointer
        profile[0].functions = self._table("int32_t", HALFWORDS)
        return ffi.addressof(profile[0])

    def use_unicorn(self, library: Any) -> None:
        """The hooks call these functions of Unicorn's C library."""
        for name in ("uc_emu_stop", "uc_reg_read", "uc_reg_write"):
            address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
            setattr(self.state, name, ffi.cast(ffi.typeof(getattr(self.state, name)), address))
