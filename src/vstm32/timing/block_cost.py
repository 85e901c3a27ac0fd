"""The cost of a basic block: what its pipeline takes, what its loads wait for, and what its fetches cost.

Costs are known before the block runs, from its instructions and those of the block before it. Which lines it
has to fetch, and whether the branch before it was predicted, is found out while it runs (native/block.c).
"""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from vstm32.timing import m7_data_table as m7_data
from vstm32.timing import m7_table as m7
from vstm32.timing.m7_table import Kind
from vstm32.timing.operation import PC, SP, Operation, instruction_starts, operations
from vstm32.timing.scoreboard import Scoreboard

_WARM_UP, _MEASURED = 4, 8
_LOADS = frozenset({Kind.LOAD, Kind.LOAD_NARROW, Kind.FP_LOAD, Kind.LOAD_MULTIPLE, Kind.FP_LOAD_MULTIPLE})
_BRANCHES = frozenset({Kind.BRANCH, Kind.TABLE_BRANCH})


class CodeMemory(Enum):
    """Where a block stands, as far as its fetches are concerned."""

    FLASH = auto()
    """At 0x0800 0000: over AXI, through the instruction cache."""

    FLASH_ITCM = auto()
    """At 0x0020 0000: through the ART accelerator."""

    SRAM = auto()
    TCM = auto()


@dataclass(frozen=True, slots=True)
class MemorySystem:
    """What the firmware has set that makes memory faster or slower."""

    instruction_cache: bool = False
    data_cache: bool = False
    art: bool = False
    wait_states: int = 0
    """Of flash, 0 to 15 (FLASH_ACR.LATENCY)."""

    prefetch: bool = False
    """Whether flash is read ahead of the core; on an STM32L4+ alone, where it can be switched."""

    prices_addresses: bool = False
    """Whether loads are priced where they go while the block runs (m7-cache-2), and cost nothing here."""


@dataclass(frozen=True, slots=True)
class BlockCost:
    """The cost of a block in cycles, without fetched lines and the branch before it."""

    entered: float
    """After a block that has left nothing to wait for."""

    left: tuple[int, ...]
    """From the issue of each instruction to the end, when the block was entered."""

    line_cycles: int
    """Of each line that has to be fetched into a cache; 0 if no cache is in the way."""

    ends_in_branch: bool


def count_instructions(code: bytes) -> BlockCost:
    """The timing model "instructions": one cycle per instruction, nothing else."""
    count = len(instruction_starts(code))
    return BlockCost(count, tuple(range(count, 0, -1)), 0, False)


@lru_cache(maxsize=1 << 15)
def m7_block_cost(code: bytes, stands_in: CodeMemory, memory: MemorySystem) -> BlockCost:
    """The timing model "m7-block-1"."""
    instructions = operations(code)
    scoreboard = _scoreboard(memory)
    issued = [scoreboard.issue(operation) for operation in instructions]
    waits = [_load_cycles(operation, memory) for operation in instructions]
    rest = sum(waits) + _fetch_cycles(scoreboard.exact, True, len(code), stands_in, memory)
    total = scoreboard.spent + rest
    left = [round(total - at - sum(waits[:index])) for index, at in enumerate(issued)]
    return BlockCost(
        entered=scoreboard.exact + rest,
        left=(round(total), *left[1:]),
        line_cycles=_line_cycles(stands_in, memory),
        ends_in_branch=bool(instructions) and _is_branch(instructions[-1]),
    )


@lru_cache(maxsize=1 << 15)
def m7_cost_after(
    before: bytes, code: bytes, taken: bool, stands_in: CodeMemory, memory: MemorySystem
) -> float:
    """What a block costs after another one, for whose results it may have to wait; "m7-block-1".

    `taken` says whether a branch has led from the one to the other. A block that follows on itself does so
    again and again: its cost is that of one turn in the long run.
    """
    instructions = operations(code)
    rest = sum(_load_cycles(operation, memory) for operation in instructions)

    def with_fetches(pipeline: float) -> float:
        return pipeline + rest + _fetch_cycles(pipeline, taken, len(code), stands_in, memory)

    if taken and before == code and _follows_itself(instructions):
        return with_fetches(_cycles_in_loop(instructions, memory))
    scoreboard = _scoreboard(memory)
    for operation in operations(before):
        scoreboard.issue(operation)
    start = scoreboard.exact
    if taken:
        scoreboard.start_group()
    for operation in instructions:
        scoreboard.issue(operation)
    return with_fetches(scoreboard.exact - start)


def _scoreboard(memory: MemorySystem) -> Scoreboard:
    """An empty pipeline, by the rules of the timing model."""
    if memory.prices_addresses:
        return Scoreboard(sees_banks=True, compare_to_flags=m7_data.FP_COMPARE_TO_FLAGS)
    return Scoreboard()


def _is_branch(operation: Operation) -> bool:
    return operation.kind in _BRANCHES or PC in operation.results


def _follows_itself(instructions: tuple[Operation, ...]) -> bool:
    """Whether the block ends with a branch to its start."""
    if not instructions or instructions[-1].target is None:
        return False
    return instructions[-1].target == -sum(operation.size_bytes for operation in instructions[:-1])


def _cycles_in_loop(instructions: tuple[Operation, ...], memory: MemorySystem) -> float:
    """Cycles of one turn when a block follows on itself again and again."""
    scoreboard = _scoreboard(memory)
    before = 0
    for turn in range(_WARM_UP + _MEASURED):
        if turn == _WARM_UP:
            before = scoreboard.spent
        for operation in instructions:
            scoreboard.issue(operation)
        scoreboard.start_group()
    return (scoreboard.spent - before) / _MEASURED


def _load_cycles(operation: Operation, memory: MemorySystem) -> float:
    """What a load waits for, on average."""
    if memory.prices_addresses or operation.kind not in _LOADS or operation.base == SP:
        return 0.0
    flash_line = m7.flash_line_cycles(memory.wait_states)
    if memory.data_cache:
        if operation.base == PC:
            return 0.0
        return m7.SHARE_OF_LOADS_THAT_STREAM * flash_line * operation.loaded_bytes / m7.LINE_BYTES
    beats = max(1, operation.loaded_bytes // 4)
    flash = flash_line - m7.FLASH_BEATS_PER_LINE + (beats + 1) // 2
    if operation.base == PC:
        return float(flash)
    sram = m7.SRAM_LINE_CYCLES - m7.LINE_BYTES // 4 + beats
    share = m7.SHARE_OF_LOADS_THAT_STREAM
    return share * flash + (1 - share) * sram


def _line_cycles(stands_in: CodeMemory, memory: MemorySystem) -> int:
    """Of a line that comes through a cache which is switched on, else 0."""
    if stands_in is CodeMemory.FLASH_ITCM:
        return memory.wait_states if memory.art else 0
    if not memory.instruction_cache or stands_in is CodeMemory.TCM:
        return 0
    return m7.SRAM_LINE_CYCLES if stands_in is CodeMemory.SRAM else m7.flash_line_cycles(memory.wait_states)


def _fetch_cycles(
    pipeline: float, taken: bool, size_bytes: int, stands_in: CodeMemory, memory: MemorySystem
) -> float:
    """What a block waits for its code where no cache is in the way, beyond what its pipeline takes.

    In m7-cache-2 the prefetch queue runs ahead (m7_data_table.py): a block waits for its code only where that
    comes more slowly than the pipeline takes it, and for the first of it only after a taken branch.
    """
    uncached = _uncached_fetch_cycles(size_bytes, stands_in, memory)
    if not memory.prices_addresses or not uncached:
        return uncached
    path = _fetch_path(stands_in, memory)
    beats = -(-size_bytes // m7_data.FETCH_BYTES)
    new_lines = (size_bytes - 1) // m7.LINE_BYTES if taken else size_bytes / m7.LINE_BYTES
    fetch = (path.first if taken else 0) + beats * path.beat + new_lines * path.new_line
    return max(0.0, fetch - pipeline)


@dataclass(frozen=True, slots=True)
class _FetchPath:
    """How code comes without a cache, in cycles: what is before the first beat after a branch, a beat, and
    what a new line of flash adds."""

    first: int
    beat: int
    new_line: int


def _fetch_path(stands_in: CodeMemory, memory: MemorySystem) -> _FetchPath:
    """The path to a memory, with the numbers that loads have."""
    if stands_in is CodeMemory.FLASH_ITCM:
        return _FetchPath(memory.wait_states, 1, memory.wait_states)
    if stands_in is CodeMemory.SRAM:
        return _FetchPath(m7_data.SRAM.first - 1, m7_data.FETCH_BYTES // m7_data.SRAM.beat_bytes, 0)
    return _FetchPath(m7_data.flash(memory.wait_states).first - 1, 1, memory.wait_states)


def _uncached_fetch_cycles(size_bytes: int, stands_in: CodeMemory, memory: MemorySystem) -> int:
    """Without a cache, each run through a block fetches all its lines anew."""
    lines = (size_bytes + m7.LINE_BYTES - 1) // m7.LINE_BYTES
    if stands_in is CodeMemory.FLASH_ITCM:
        return 0 if memory.art else lines * memory.wait_states
    if memory.instruction_cache or stands_in is CodeMemory.TCM:
        return 0
    if stands_in is CodeMemory.SRAM:
        return lines * m7.SRAM_LINE_CYCLES
    return lines * m7.flash_line_cycles(memory.wait_states)
