"""What Unicorn, the hooks in C and Python share: the target's memory, and the state of the hooks.

The state is the C struct of `native/layout.h`: `shared.state.cycles` is a field of it. Its tables are
mappings of their own, of which only the pages that are used take memory.
"""

import ctypes
import mmap
from typing import Any

from vstm32.base.chip import Chip
from vstm32.base.memory_map import PPB_BASE, PPB_SIZE_BYTES, Storage
from vstm32.native.library import ffi, lib
from vstm32.timing import m7_data_table, m7_table

_EXTERNAL = {Storage.SDRAM: lib.EXTERNAL_SDRAM, Storage.SERIAL_FLASH: lib.EXTERNAL_SERIAL_FLASH}

PARTS_OF_CYCLE: int = 1 << lib.PART_BITS
"""Costs of blocks are whole numbers of these."""


def _storage_places(sizes_bytes: dict[Storage, int]) -> dict[Storage, int]:
    places, place = {}, 0
    for storage, size_bytes in sizes_bytes.items():
        places[storage] = place
        place += size_bytes
    return places


def parts(cycles: float) -> int:
    """Cycles in parts of a cycle."""
    return round(cycles * PARTS_OF_CYCLE)


def describe_latency(place: Any, latency: m7_data_table.Latency, line_bytes: int) -> None:
    """Puts the latency of a memory into a `struct latency`."""
    place.first, place.line, place.write = latency.first, latency.line, latency.write
    place.beats = line_bytes // latency.beat_bytes


def address_of(thing: Any) -> int:
    """Where this process has something of C: data, or a function of the library."""
    return int(ffi.cast("uintptr_t", thing))


def new_table(kind: str, count: int) -> Any:
    """A table of zeros in C, which begins at a page of this process; `kind` is a type of `layout.h`."""
    # Private: flash can be a file mapped over a part of memory, which goes with the whole.
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return ffi.from_buffer(f"{kind}[]", mmap.mmap(-1, count * ffi.sizeof(kind), flags=private))


class Shared:
    """The memory and the state of one core; flash is erased (0xFF), all else is 0."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.map = chip.on_board
        sizes_bytes = self.map.sizes_bytes
        self.storage_places = _storage_places(sizes_bytes)
        """Where each part of memory begins, all at pages; a `place` is an offset into all of it."""
        size_bytes = sum(sizes_bytes.values())
        self._halfwords = size_bytes // 2
        self._kept: list[Any] = []
        table = self._table("uint8_t", size_bytes)
        self.memory = memoryview(ffi.buffer(table))
        """All of memory, by place."""
        self.memory_address = address_of(table)
        self.flash = self.memory[: self.map.flash.size_bytes]
        self.flash[:] = b"\xff" * self.map.flash.size_bytes
        self.state = self._table("struct state", 1)[0]
        """`struct state`."""
        self._describe_memory(table)
        self._describe_timing()
        self._describe_registers()

    def place_of(self, address: int) -> int | None:
        """The place of an address of the target; None where no memory is."""
        region = self.map.region_at(address)
        if region is None:
            return None
        return self.storage_places[region.storage] + region.offset + address - region.base

    def external(self, storage: Storage) -> Any:
        """`struct external` of a memory of the board."""
        return self.state.memory.external[_EXTERNAL[storage]]

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
        memory, stands = self.state.memory, self.map
        memory.bytes = table
        memory.flash_base, memory.flash_end = stands.flash.base, stands.flash.end
        memory.flash_itcm_base, memory.flash_itcm_end = stands.flash_itcm.base, stands.flash_itcm.end
        if stands.itcm:
            memory.itcm_end = stands.itcm.end
            memory.itcm_place = self.storage_places[Storage.ITCM]
        memory.ram_base, memory.ram_end = stands.ram_base, stands.ram_base + stands.ram_size_bytes
        memory.ram_place = self.storage_places[Storage.RAM]
        if stands.ram_alias:
            memory.alias_base, memory.alias_end = stands.ram_alias.base, stands.ram_alias.end
            memory.alias_place = memory.ram_place + stands.ram_alias.offset
        for region in stands.external:
            external = memory.external[_EXTERNAL[region.storage]]
            external.base, external.end = region.base, region.end
            external.place, external.writable = self.storage_places[region.storage], region.writable
        self.executed = self._table("uint8_t", (2 * self._halfwords >> lib.EXECUTED_SHIFT) + 1)
        memory.executed = self.executed

    def _describe_timing(self) -> None:
        state = self.state
        assert {m7_table.INSTRUCTION_CACHE_WAYS, m7_table.ART_WAYS} == {lib.CACHE_WAYS}
        line_bytes = self.chip.line_bytes
        state.line_bits = line_bytes.bit_length() - 1
        instruction_cache_lines = self.chip.instruction_cache_bytes // line_bytes
        for cache, count in (
            (state.instruction_cache, instruction_cache_lines // m7_table.INSTRUCTION_CACHE_WAYS),
            (state.art, m7_table.ART_LINES // m7_table.ART_WAYS),
        ):
            cache.sets = self._table("struct cache_set", count)
            cache.count = count
        self._describe_data_side()
        state.records = self._table("struct record", lib.MOST_BLOCKS)
        state.previous = state.records
        state.block_numbers = self._table("uint32_t", self._halfwords)
        state.cycles_left = self._table("uint16_t", self._halfwords)

    def _describe_data_side(self) -> None:
        assert lib.DATA_WAYS == m7_data_table.DATA_CACHE_WAYS
        data = self.state.data
        data.count = self.chip.data_cache_bytes // self.chip.line_bytes // lib.DATA_WAYS
        data.sets = self._table("struct data_set", data.count)
        data.tcm_end = self.map.ram[0].end
        describe_latency(data.sram, m7_data_table.SRAM, self.chip.line_bytes)
        data.ahb_cycles, data.apb_cycles = m7_data_table.AHB_CYCLES, m7_data_table.APB_CYCLES
        data.unaligned_cycles = m7_data_table.UNALIGNED_LOAD_CYCLES
        data.store_parts = parts(m7_data_table.STORE_CYCLES)
        data.narrow_store_parts = parts(m7_data_table.NARROW_STORE_CYCLES)
        data.buffered_parts = parts(m7_data_table.STORE_BUFFER_CYCLES)

    def _describe_registers(self) -> None:
        windows = [
            (self.state.peripherals, self.map.peripherals.base, self.map.peripherals.size_bytes),
            (self.state.ahb2, self.map.ahb2.base, self.map.ahb2.size_bytes),
            (self.state.private_bus, PPB_BASE, PPB_SIZE_BYTES),
        ]
        if controllers := self.map.controllers:
            windows.append((self.state.controllers, controllers.base, controllers.size_bytes))
        for window, base, size in windows:
            window.base = base
            window.end = base + size
            window.known = self._table("uint8_t", size // 4)

    def open_unmodelled(self) -> None:
        """Lets registers be announced where no block is modelled."""
        for window, stands in zip(self.state.unmodelled, self.map.unmodelled, strict=False):
            window.base, window.end = stands.base, stands.base + stands.size_bytes
            window.known = self._table("uint8_t", stands.size_bytes // 4)

    def announce_registers(self, address: int, size_bytes: int) -> None:
        """Lets accesses to a range of modelled registers through."""
        state = self.state
        windows = (state.peripherals, state.ahb2, state.controllers, state.private_bus, *state.unmodelled)
        for window in windows:
            if window.base <= address < window.end:
                first = (address - window.base) // 4
                for word in range(first, first + (size_bytes + 3) // 4):
                    window.known[word] = 1

    def new_profile(self) -> Any:
        """Empty tables for the hook of the profiler: a `struct profile *`."""
        profile = self._table("struct profile", 1)
        profile[0].state = self.state_pointer
        profile[0].functions = self._table("int32_t", self._halfwords)
        return ffi.addressof(profile[0])

    def new_events(self, blocks: Any) -> Any:
        """Event counters at zero, for the blocks of a table: a `struct events *`."""
        events = self._table("struct events", 1)
        events[0].state = self.state_pointer
        events[0].blocks = blocks
        return ffi.addressof(events[0])

    def use_unicorn(self, library: Any) -> None:
        """The hooks call these functions of Unicorn's C library."""
        for name in (field for field, _ in ffi.typeof("struct state").fields if field.startswith("uc_")):
            address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
            setattr(self.state, name, ffi.cast(ffi.typeof(getattr(self.state, name)), address))
