"""The cost of a basic block on a Cortex-M4: one instruction after the other, as Arm documents their cycles.

What loads from flash wait for is found while the block runs (native/data_access.c), as in m7-cache-2. There
is no branch predictor: a taken branch costs the refill of the pipeline. Numbers are in m4_table.py.
"""

from dataclasses import dataclass
from functools import lru_cache

from vstm32.timing import m4_table as m4
from vstm32.timing.block_cost import BlockCost, CodeMemory, MemorySystem
from vstm32.timing.m7_table import Kind
from vstm32.timing.operation import PC, S0, Operation, operations

_SINGLE_LOADS = frozenset({Kind.LOAD, Kind.LOAD_NARROW, Kind.FP_LOAD})
_SINGLE_STORES = frozenset({Kind.STORE, Kind.FP_STORE})
_MULTIPLES = frozenset(
    {Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE}
)
_LOADS_AND_STORES = _SINGLE_LOADS | _SINGLE_STORES | _MULTIPLES
_FP_RESULTS = frozenset(
    {
        *(Kind.FP_ARITHMETIC, Kind.FP_ADD, Kind.FP_FUSED, Kind.FP_CHAINED),
        *(Kind.FP_DIVIDE, Kind.FP_SQUARE_ROOT),
    }
)
_FP_MOVES = frozenset({Kind.FP_MOVE, Kind.FP_TO_CORE, Kind.FP_FROM_CORE})


@lru_cache(maxsize=1 << 15)
def m4_block_cost(code: bytes, stands_in: CodeMemory, memory: MemorySystem) -> BlockCost:
    """The timing model "m4-1": after a branch that was taken, or from elsewhere."""
    instructions = operations(code)
    cycles = _each(instructions, None)
    waits = _fetch_cycles(sum(cycles), True, len(code), stands_in, memory)
    total = m4.REFILL_CYCLES + sum(cycles) + waits
    left = []
    spent = 0
    for taken in cycles:
        left.append(sum(cycles) - spent)
        spent += taken
    return BlockCost(
        entered=total,
        # What comes before the first instruction belongs to it.
        left=(total, *left[1:]),
        line_cycles=_line_cycles(sum(cycles), len(code), stands_in, memory),
        ends_in_branch=False,
    )


@dataclass(frozen=True, slots=True)
class Events:
    """What the DWT's event counters count of a block or a part of it, without waits for data and fetches."""

    instructions: int = 0
    load_store: int = 0
    """Cycles of loads and stores beyond the first of each."""

    folded: int = 0
    """Instructions that take no cycle: none does in this model, which has IT take one."""


@dataclass(frozen=True, slots=True)
class BlockEvents:
    """What a block makes the DWT's event counters count (Arm v7-M ARM, section C1.8.2)."""

    left: tuple[Events, ...]
    """From each instruction to the end; all of it first. After a branch that was taken."""

    first_saves: int
    """Cycles that the first instruction takes less where the block before ends with a load that it does not
    need."""

    first_needs: tuple[int, ...]
    """The registers that its address is made of."""

    last_loads: tuple[int, ...]
    """The registers that a load at its end loads; none where it does not end with one."""


@lru_cache(maxsize=1 << 15)
def m4_block_events(code: bytes) -> BlockEvents:
    """The events of a block in the timing model "m4-1"."""
    instructions = operations(code)
    left = [Events()]
    for operation, cycles in zip(reversed(instructions), reversed(_each(instructions, None)), strict=True):
        rest = left[-1]
        beyond = max(cycles - 1, 0) if operation.kind in _LOADS_AND_STORES else 0
        left.append(Events(rest.instructions + 1, rest.load_store + beyond, rest.folded + (cycles == 0)))
    first, last = (instructions[0], instructions[-1]) if instructions else (None, None)
    pipelines = first is not None and first.kind in _SINGLE_LOADS | _SINGLE_STORES
    loads = last is not None and last.kind in _SINGLE_LOADS and PC not in last.results
    return BlockEvents(
        left=tuple(reversed(left)),
        first_saves=_own_cycles(first) - 1 if first is not None and pipelines else 0,
        first_needs=first.early if first is not None else (),
        last_loads=last.results if last is not None and loads else (),
    )


@lru_cache(maxsize=1 << 15)
def m4_cost_after(
    before: bytes, code: bytes, taken: bool, stands_in: CodeMemory, memory: MemorySystem
) -> float:
    """What a block costs after another one; `taken` says whether a branch has led from the one to the
    other."""
    *_, last = operations(before) or (None,)
    cycles = sum(_each(operations(code), None if taken else last))
    refill = _refill_after(last) if taken else 0
    return refill + cycles + _fetch_cycles(cycles, taken, len(code), stands_in, memory)


def _refill_after(branch: Operation | None) -> int:
    """T, 3.3.2: a branch whose target comes from memory reloads the pipeline in three cycles."""
    if branch is not None and (branch.kind is Kind.TABLE_BRANCH or _loads_the_pc(branch)):
        return m4.LOAD_PC_REFILL_CYCLES
    return m4.REFILL_CYCLES


def _loads_the_pc(operation: Operation) -> bool:
    return PC in operation.results and operation.kind in (Kind.LOAD, Kind.LOAD_MULTIPLE)


def _each(instructions: tuple[Operation, ...], before: Operation | None) -> list[int]:
    """The cycles of each instruction behind the one before it."""
    cycles = []
    for operation in instructions:
        cycles.append(_own_cycles(operation) + _later(before, operation) - _sooner(before, operation))
        before = operation
    return cycles


def _own_cycles(operation: Operation) -> int:
    """T and F: what an instruction takes by itself."""
    kind = operation.kind
    if kind in _SINGLE_LOADS:
        return m4.LOAD_CYCLES
    if kind is Kind.FP_STORE:
        return m4.LOAD_CYCLES
    if kind is Kind.STORE:
        return m4.STORE_CYCLES if operation.offset is not None else m4.STORE_WITH_INDEX_CYCLES
    if kind in _MULTIPLES:
        return m4.MULTIPLE_FIRST_CYCLES + operation.registers
    if kind is Kind.DIVIDE:
        return m4.DIVIDE_CYCLES
    if kind is Kind.TABLE_BRANCH:
        return m4.TABLE_BRANCH_CYCLES
    if kind is Kind.SYSTEM:
        return m4.SYSTEM_CYCLES.get(operation.mnemonic, 1)
    if kind in _FP_MOVES and operation.alone:
        return m4.FP_MOVE_OF_TWO_CYCLES
    return m4.FP_CYCLES.get(kind, 1)


def _sooner(before: Operation | None, operation: Operation) -> int:
    """T, 3.3.2: a load or store behind a load has its address phase during the data of that, unless the
    address is what is loaded. Nothing is pipelined behind a store.
    """
    if before is None or before.kind not in _SINGLE_LOADS or PC in before.results:
        return 0
    if operation.kind not in _SINGLE_LOADS and operation.kind not in _SINGLE_STORES:
        return 0
    if set(before.results) & set(operation.early):
        return 0
    return _own_cycles(operation) - 1


def _later(before: Operation | None, operation: Operation) -> int:
    """F, note: what uses the result of FP arithmetic at once waits a cycle; an addend does not."""
    if before is None or before.kind not in _FP_RESULTS:
        return 0
    results = {register for register in before.results if register >= S0}
    return m4.FP_RESULT_LATER if results & {*operation.late, *operation.early} else 0


def _reads(size_bytes: int) -> int:
    return -(-size_bytes // m4.INSTRUCTION_BYTES_PER_READ)


def _line_cycles(cycles: int, size_bytes: int, stands_in: CodeMemory, memory: MemorySystem) -> int:
    """R: what a read of 64 bits costs that neither the cache nor what was read last has, on average of a
    block.

    With prefetch, the reads behind the first one go on while the core executes.
    """
    if stands_in in (CodeMemory.SRAM, CodeMemory.TCM) or not memory.instruction_cache:
        return 0
    reads = _reads(size_bytes)
    return round(_waits_of(reads, cycles, memory) / reads) if reads else 0


def _fetch_cycles(
    cycles: int, taken: bool, size_bytes: int, stands_in: CodeMemory, memory: MemorySystem
) -> int:
    """The same for all of a block that no cache is in front of."""
    if stands_in in (CodeMemory.SRAM, CodeMemory.TCM) or memory.instruction_cache:
        return 0
    reads = _reads(size_bytes)
    waits = _waits_of(reads, cycles, memory)
    return waits if taken else max(0, waits - (memory.wait_states if memory.prefetch else 0))


def _waits_of(reads: int, cycles: int, memory: MemorySystem) -> int:
    """D: the first read waits for its wait states; those behind it too, less what the core does meanwhile
    if they are read ahead.
    """
    if not memory.prefetch:
        return reads * memory.wait_states
    return memory.wait_states + max(0, (reads - 1) * (memory.wait_states + 1) - cycles)
