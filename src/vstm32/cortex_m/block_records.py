"""The records of the blocks that have run: what each of them costs, for the block hook of native.py."""

import ctypes
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vstm32.base import memory_map
from vstm32.cortex_m import native
from vstm32.timing import INSTRUCTIONS, TimingModel
from vstm32.timing.block_cost import (
    BlockCost,
    CodeMemory,
    MemorySystem,
    count_instructions,
)
from vstm32.timing.cost_cache import CostCache

_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint64
)
_NEVER = 1 << 63
_SIZE_BITS = 16


class BlockRecords:
    """Makes the record of a block when it runs for the first time.

    A record's number is its place in the table at `native.BLOCKS`; 0 is no block.
    """

    def __init__(
        self, arena: npt.NDArray[np.uint8], model: TimingModel, failed: Callable[[BaseException], None]
    ) -> None:
        """`failed` gets what goes wrong while a block runs for the first time."""
        self._model = model
        self._failed = failed
        self._arena = arena
        self._state = arena[: native.STATE_BYTES].view(np.uint64)
        self._numbers = arena[native.BLOCK_NUMBERS : native.CYCLES_LEFT].view(np.uint32)
        self._left = arena[native.CYCLES_LEFT : native.BLOCKS].view(np.uint16)
        self._records = (
            arena[native.BLOCKS : native.BRANCHES].view(np.uint64).reshape(-1, native.RECORD_WORDS)
        )
        self._branches = arena[native.BRANCHES : native.FETCHED_LINES].view(np.uint64).reshape(-1, 2)
        self._lines = arena[native.FETCHED_LINES : native.EXECUTED].view(np.uint64)
        self._memory = MemorySystem()
        self._costs = CostCache()
        self._callbacks = _CALLBACK(self._guarded(self._make)), _CALLBACK(self._guarded(self._cost_after))
        for word, callback in zip((native.RECORD_BLOCK, native.COST_AFTER), self._callbacks, strict=True):
            self._state[word] = ctypes.cast(callback, ctypes.c_void_p).value or 0
        self._count = 0
        self._places: list[int] = []
        self._branch_of: dict[int, int] = {}
        self.forget()

    def close(self) -> None:
        """Keeps costs for the next board."""
        self._costs.save()

    @property
    def memory_system(self) -> MemorySystem:
        """What makes memory faster or slower at the moment."""
        return self._memory

    def set_memory_system(self, **changes: Any) -> None:
        """The firmware has switched a cache, or changed wait states: every cost is another one."""
        changed = replace(self._memory, **changes)
        if changed != self._memory:
            self._memory = changed
            self.forget()

    def forget(self) -> None:
        """Drops all records, as code in memory has changed. What branches did is forgotten too."""
        self._numbers[self._places] = 0
        self._count = 0
        self._places.clear()
        self._branch_of.clear()
        self.interrupt()

    def interrupt(self) -> None:
        """What runs next does not follow on what ran before: no branch has led there."""
        self._state[native.PREVIOUS] = native.NO_BLOCK
        self._state[native.LOOP_KEY] = 0

    def invalidate_lines(self) -> None:
        """The instruction cache is empty, and so is what the ART accelerator holds."""
        self._lines[:] = 0
        self._state[native.FETCHES] += np.uint64(1)

    def cycles_left(self, address: int) -> int:
        """Cycles of the block that runs from an instruction on, of those that have been counted already."""
        first, size = int(self._state[native.BLOCK_ADDRESS]), int(self._state[native.BLOCK_SIZE])
        place = _place(address)
        if place is None or not first <= address < first + size:
            return 0
        return min(int(self._left[place]), int(self._state[native.CHARGED]))

    def _guarded(self, function: Callable[[int, int], int]) -> Callable[[int, int, int, int], int]:
        """A function that Unicorn's thread can call: what goes wrong in it is raised by the run loop."""

        def call(_engine: int, first: int, second: int, _value: int) -> int:
            try:
                return function(first, second)
            except BaseException as error:
                self._failed(error)
                return 0

        return call

    def _make(self, address: int, size_bytes: int) -> int:
        """The number of a new record for a block."""
        place = _place(address)
        assert place is not None
        if self._count + 1 >= native.MOST_BLOCKS:
            self.forget()
        self._count += 1
        number = self._count
        self._places.append(place)
        self._numbers[place] = number
        code = self._code(place, size_bytes)
        cost = self._cost(code, address)
        self._write_left(code, place, cost)
        record = self._records[number]
        record[:] = 0
        record[native.BLOCK_KEY] = address << _SIZE_BITS | size_bytes
        record[native.ENTERED] = _parts(cost.entered)
        record[native.BRANCH] = self._branch(address + size_bytes) if cost.ends_in_branch else 0
        record[native.LINE_CYCLES] = cost.line_cycles
        record[native.SEEN_AT] = _NEVER
        return number

    def _cost_after(self, record: int, previous: int) -> int:
        """The cost of a block after another one, in parts of a cycle; both by the place of their records."""
        this, that = (
            self._records[(at - native.NO_BLOCK) // native.RECORD_WORDS] for at in (record, previous)
        )
        if self._model is INSTRUCTIONS:
            return int(this[native.ENTERED])
        address, size = divmod(int(this[native.BLOCK_KEY]), 1 << _SIZE_BITS)
        before, before_size = divmod(int(that[native.BLOCK_KEY]), 1 << _SIZE_BITS)
        cost = self._costs.after(
            self._code(_place(before), before_size),
            self._code(_place(address), size),
            address != before + before_size,
            _code_memory(address),
            self._memory,
        )
        return _parts(cost)

    def _code(self, place: int | None, size_bytes: int) -> bytes:
        assert place is not None
        start = native.FLASH + 2 * place
        return self._arena[start : start + size_bytes].tobytes()

    def _cost(self, code: bytes, address: int) -> BlockCost:
        if self._model is INSTRUCTIONS:
            return count_instructions(code)
        return self._costs.block(code, _code_memory(address), self._memory)

    def _write_left(self, code: bytes, place: int, cost: BlockCost) -> None:
        position = 0
        for left in cost.left:
            self._left[place + position // 2] = min(left, 0xFFFF)
            position += 4 if code[position + 1] >= 0xE8 else 2

    def _branch(self, end: int) -> int:
        """Where the predictor's state for the branch before an address stands, in words of the arena."""
        if end not in self._branch_of:
            number = len(self._branch_of)
            self._branch_of[end] = number
            self._branches[number] = (1, 0)
        return native.BRANCHES // 8 + 2 * self._branch_of[end]


def _parts(cycles: float) -> int:
    return round(cycles * native.PARTS_OF_CYCLE)


def _place(address: int) -> int | None:
    """The number of the halfword at an address, counted over flash, ITCM RAM and RAM; None elsewhere."""
    region = memory_map.region_at(address)
    if region is None or region.storage is memory_map.Storage.IDENTITY:
        return None
    offset = native.STORAGE_OFFSET[region.storage] + region.offset + address - region.base
    return (offset - native.FLASH) // 2


def _code_memory(address: int) -> CodeMemory:
    region = memory_map.region_at(address)
    assert region is not None
    if region.storage is memory_map.Storage.FLASH:
        return CodeMemory.FLASH if region.base == memory_map.FLASH_BASE else CodeMemory.FLASH_ITCM
    return CodeMemory.SRAM if region.name.startswith("SRAM") else CodeMemory.TCM
