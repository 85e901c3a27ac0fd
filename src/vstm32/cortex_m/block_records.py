"""The records of the blocks that have run: what each of them costs, for the block hook (native/block.c)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vstm32.base.memory_map import EXTERNAL, Storage
from vstm32.cortex_m.mpu import CachePolicyMap
from vstm32.cortex_m.shared import Shared, describe_latency, new_table, parts
from vstm32.native.library import ffi, lib
from vstm32.timing import INSTRUCTIONS, TimingModel, m4_table, m7_data_table
from vstm32.timing.addresses import StepKind, address_program
from vstm32.timing.block_cost import (
    BlockCost,
    CodeMemory,
    MemorySystem,
    count_instructions,
)
from vstm32.timing.cost_cache import CostCache
from vstm32.timing.m4_cost import BlockEvents, Events, m4_block_events
from vstm32.timing.m7_data_table import SdramTiming, SerialReadTiming
from vstm32.timing.m7_table import FIRST_COUNTER
from vstm32.timing.operation import ends_conditionally, instruction_starts

MOST_BLOCKS: int = lib.MOST_BLOCKS
MOST_STEPS: int = lib.MOST_STEPS
_NEVER = 1 << 63
_SIZE_BITS = 16
# A block of Unicorn's ends with a page of 4 KB at the latest; an instruction loads 16 registers at most.
_MOST_STEPS_OF_BLOCK = 1 << 16


class BlockRecords:
    """Makes the record of a block when it runs for the first time.

    A record's number is its index in `state.records`; 0 is no block.
    """

    def __init__(self, shared: Shared, model: TimingModel, failed: Callable[[BaseException], None]) -> None:
        """`failed` gets what goes wrong while a block runs for the first time."""
        self._model = model
        self._failed = failed
        self._shared = shared
        self._state = state = shared.state
        self._branches = new_table("struct branch", MOST_BLOCKS)
        self._steps = new_table("struct step", MOST_STEPS if model.prices_addresses else 1)
        self._step_count = 0
        self.events = new_table("struct block_events", MOST_BLOCKS) if model.counts_events else None
        """What blocks make the DWT's event counters count, by the numbers of their records."""
        state.history_mask = (1 << model.history_outcomes) - 1
        self._memory = MemorySystem(prices_addresses=model.prices_addresses)
        state.mispredicted_parts = parts(model.mispredicted_cycles)
        if model.of_m4:
            self._describe_m4()
        self._tell_latencies()
        self._costs = CostCache(of_m4=model.of_m4)
        self._callbacks = tuple(
            ffi.callback("uint64_t(uint64_t, uint64_t)", self._guarded(function))
            for function in (self._make, self._cost_after)
        )
        state.record_block, state.cost_after = self._callbacks
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
            self._tell_latencies()
            self.forget()

    def _describe_m4(self) -> None:
        """All RAM is as fast as the core, and stores go into a buffer that is free by the next one."""
        data = self._state.data
        data.tcm_end = self._shared.map.ram[-1].end
        data.ahb_cycles = data.apb_cycles = 0
        data.unaligned_cycles = m4_table.UNALIGNED_CYCLES
        data.store_parts = data.narrow_store_parts = 0

    def _tell_latencies(self) -> None:
        data, memory = self._state.data, self._memory
        data.enabled, data.art_enabled = memory.data_cache, memory.art
        flash = m4_table.flash if self._model.of_m4 else m7_data_table.flash
        describe_latency(data.flash, flash(memory.wait_states), self._shared.chip.line_bytes)
        data.flash_itcm_cycles = memory.wait_states

    def forget(self) -> None:
        """Drops all records, as code in memory has changed. What branches did is forgotten too."""
        for place in self._places:
            self._state.block_numbers[place // 2] = 0
        self._count = self._step_count = 0
        self._places.clear()
        self._branch_of.clear()
        self._state.history = 0
        self.interrupt()

    def interrupt(self) -> None:
        """What runs next does not follow on what ran before: no branch has led there."""
        self._state.previous = self._state.records
        self._state.loop_key = 0

    def invalidate_lines(self) -> None:
        """The instruction cache is empty, and so is what the ART accelerator holds."""
        for cache in (self._state.instruction_cache, self._state.art):
            size = cache.count * ffi.sizeof("struct cache_set")
            ffi.memmove(cache.sets, bytes(size), size)
        self._state.fetches += 1

    def invalidate_data_lines(self) -> None:
        """The data cache is empty."""
        data = self._state.data
        size = data.count * ffi.sizeof("struct data_set")
        ffi.memmove(data.sets, bytes(size), size)
        data.latest = data.fill_line = 0

    def reset(self) -> None:
        """Nothing is left in the caches and nothing known of branches, as after power-on. What a reset leaves
        in the lines of a cache is not for firmware to count on (Arm v7-M ARM, section B2.2).
        """
        self.forget()
        self.invalidate_lines()
        self.invalidate_data_lines()
        data = self._state.data
        data.fill_end = data.stores_end = data.serial_read.next = data.serial_read.ended = 0
        data.rows.open = [0] * lib.SDRAM_BANKS

    def set_cache_policies(self, policies: CachePolicyMap) -> None:
        """What the data cache does with memory has changed."""
        data = self._state.data
        data.intervals = len(policies)
        for index, interval in enumerate(policies):
            data.policies[index] = interval

    def set_sdram(self, timing: SdramTiming, *, row_bytes: int, bank_bytes: int) -> None:
        """How the SDRAM of the board is set up now; bytes are powers of two."""
        cycles, data = m7_data_table.sdram(timing), self._state.data
        latency = data.sdram
        latency.first, latency.line, latency.write = cycles.first, cycles.line, cycles.write
        latency.beats = cycles.beats
        data.rows.precharge, data.rows.activate = cycles.precharge, cycles.activate
        data.rows.row_shift = row_bytes.bit_length() - 1
        data.rows.bank_shift = bank_bytes.bit_length() - 1

    def set_serial_read(self, timing: SerialReadTiming) -> None:
        """How the serial flash of the board is read now; no read of it goes on."""
        read = self._state.data.serial_read
        read.command_cycles = timing.clock_divider * timing.command_clocks
        read.byte_cycles = timing.clock_divider * timing.byte_clocks
        read.ahead_bytes = m7_data_table.SERIAL_READ_AHEAD_BYTES
        read.path_cycles = m7_data_table.SERIAL_PATH_CYCLES
        read.next = read.ended = 0

    def maintain_data_line(self, address: int, *, drop: bool) -> None:
        """The line of an address is written back to memory, or dropped from the data cache as well."""
        lib.maintain_data_line(self._shared.state_pointer, address, drop)

    def maintain_data_set(self, number: int, *, drop: bool) -> None:
        """The lines of a set of the data cache are written back, or dropped as well."""
        lib.maintain_data_set(self._shared.state_pointer, number, drop)

    def cycles_left(self, address: int) -> int:
        """Cycles of the block that runs from an instruction on, of those that have been counted already."""
        return int(lib.cycles_left(self._shared.state_pointer, address))

    def events_left(self, address: int) -> Events:
        """What the DWT counts of the block that runs, from an instruction on, without waits for data."""
        offset = address - self._state.block_address
        place = self._code_place(self._state.block_address)
        if place is None or not 0 <= offset < self._state.block_size:
            return Events()
        code = self._code(place, self._state.block_size)
        starts = instruction_starts(code)
        return m4_block_events(code).left[starts.index(offset)] if offset in starts else Events()

    def begins_at(self, address: int) -> bool:
        """Whether an instruction is the first of the block that runs."""
        return bool(self._state.block_address == address)

    def data_waits_left(self, address: int) -> int:
        """Cycles for which the block that runs waits for data, from an instruction on."""
        data, offset = self._state.data, address - self._state.block_address
        return sum(
            int(data.waited[number]) for number in range(data.waits) if data.waited_at[number] >= offset
        )

    def _guarded(self, function: Callable[[int, int], int]) -> Callable[[int, int], int]:
        """A function that the hooks can call: what goes wrong in it is raised by the run loop."""

        def call(first: int, second: int) -> int:
            try:
                return function(first, second)
            except BaseException as error:
                self._failed(error)
                return 0

        return call

    def _make(self, address: int, size_bytes: int) -> int:
        """The number of a new record for a block."""
        place = self._code_place(address)
        assert place is not None
        if self._count + 1 >= MOST_BLOCKS or self._step_count + _MOST_STEPS_OF_BLOCK > len(self._steps) > 1:
            self.forget()
        self._count += 1
        number = self._count
        self._places.append(place)
        self._state.block_numbers[place // 2] = number
        code = self._code(place, size_bytes)
        cost = self._cost(code, address)
        self._write_left(code, place, cost)
        record = self._state.records[number]
        ffi.memmove(ffi.addressof(record), bytes(ffi.sizeof(record)), ffi.sizeof(record))
        record.key = address << _SIZE_BITS | size_bytes
        record.entered = parts(cost.entered)
        if cost.ends_in_branch:
            record.branch = self._branch(address + size_bytes, ends_conditionally(code))
        record.line_cycles = cost.line_cycles
        record.seen_at = _NEVER
        if self._model.prices_addresses:
            self._write_steps(record, code, address, cost)
        if self.events is not None:
            self.events[number] = _described(m4_block_events(code))
        return number

    def _write_steps(self, record: Any, code: bytes, address: int, cost: BlockCost) -> None:
        program = address_program(code, address)
        if not program.steps:
            return
        # One more: an end, which is 0.
        first, self._step_count = self._step_count, self._step_count + len(program.steps) + 1
        starts = instruction_starts(code)
        for number, step in enumerate(program.steps, first):
            at, offset = cost.left[0] - cost.left[step.instruction], starts[step.instruction]
            self._steps[number] = (
                step.kind, step.base, step.index, step.shift, step.constant, step.result, step.size,
                at, offset, 0,
            )  # fmt: skip
        self._steps[self._step_count - 1].kind = StepKind.END
        record.steps = ffi.addressof(self._steps, first)
        record.registers = sum(1 << register for register in program.registers)

    def _cost_after(self, record: int, previous: int) -> int:
        """The cost of a block after another one, in parts of a cycle; both by their records' numbers."""
        this, that = self._state.records[record], self._state.records[previous]
        if self._model is INSTRUCTIONS:
            return int(this.entered)
        address, size = divmod(this.key, 1 << _SIZE_BITS)
        before, before_size = divmod(that.key, 1 << _SIZE_BITS)
        cost = self._costs.after(
            self._code(self._code_place(before), before_size),
            self._code(self._code_place(address), size),
            address != before + before_size,
            self._code_memory(address),
            self._memory,
        )
        return parts(cost)

    def _code_place(self, address: int) -> int | None:
        """The place of code at an address; None where none can run."""
        region = self._shared.map.region_at(address)
        if region is None or region.storage is Storage.IDENTITY:
            return None
        return self._shared.place_of(address)

    def _code_memory(self, address: int) -> CodeMemory:
        region = self._shared.map.region_at(address)
        assert region is not None
        if region.storage is Storage.FLASH:
            return CodeMemory.FLASH if region is self._shared.map.flash else CodeMemory.FLASH_ITCM
        behind_cache = region.storage in EXTERNAL or region.name.startswith("SRAM")
        return CodeMemory.SRAM if behind_cache else CodeMemory.TCM

    def _code(self, place: int | None, size_bytes: int) -> bytes:
        assert place is not None
        return bytes(self._shared.memory[place : place + size_bytes])

    def _cost(self, code: bytes, address: int) -> BlockCost:
        if self._model is INSTRUCTIONS:
            return count_instructions(code)
        return self._costs.block(code, self._code_memory(address), self._memory)

    def _write_left(self, code: bytes, place: int, cost: BlockCost) -> None:
        for start, left in zip(instruction_starts(code), cost.left, strict=False):
            self._state.cycles_left[(place + start) // 2] = min(left, 0xFFFF)

    def _branch(self, end: int, is_conditional: bool) -> Any:
        """The predictor's state for the branch before an address (`struct branch *`)."""
        if end not in self._branch_of:
            number = len(self._branch_of)
            self._branch_of[end] = number
            self._branches[number] = (0, [FIRST_COUNTER] * lib.MOST_HISTORIES, is_conditional)
        return ffi.addressof(self._branches, self._branch_of[end])


def _described(events: BlockEvents) -> dict[str, int]:
    """As a `struct block_events`."""
    whole = events.left[0]
    return {
        "instructions": whole.instructions,
        "load_store": whole.load_store,
        "folded": whole.folded,
        "first_saves": events.first_saves,
        "first_needs": sum(1 << register for register in set(events.first_needs)),
        "last_loads": sum(1 << register for register in set(events.last_loads)),
    }
