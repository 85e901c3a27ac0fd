"""Compares what both implementations made of a batch, and reduces a difference to the unit that causes it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from conformance.batch import BLOCK_SP, NOP, RECORD_BYTES, Batch, State, Unit
from conformance.qemu import Qemu

CORE_NAMES = (*(f"r{number}" for number in range(13)), "lr")


class Implementation(Protocol):
    """What runs batches."""

    name: str

    def run(self, batch: Batch) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """A unit that two implementations run differently from the same state."""

    unit: Unit
    before: State
    reference: State
    """What QEMU made of it, or what the manual's definition says."""
    tested: State
    """What the virtual board made of it."""

    def parts(self) -> dict[str, tuple[int, int]]:
        """What differs: the name of the part, and its value in `reference` and in `tested`."""
        return parts(self.reference, self.tested)


def parts(reference: State, tested: State) -> dict[str, tuple[int, int]]:
    """What differs between two states, by name; after a fault nothing else counts."""
    if reference.fault or tested.fault:
        return {} if reference.fault == tested.fault else {"fault": (reference.fault, tested.fault)}
    found = {
        name: (one, other)
        for name, one, other in zip(CORE_NAMES, reference.core, tested.core, strict=True)
        if one != other
    }
    for name in ("apsr", "fpscr", "stack_pointer"):
        one, other = getattr(reference, name), getattr(tested, name)
        if one != other:
            found[name] = (one, other)
    for number, (one, other) in enumerate(zip(reference.floats, tested.floats, strict=True)):
        if one != other:
            found[f"s{number}"] = (one, other)
    for place, (one, other) in enumerate(zip(reference.memory, tested.memory, strict=True)):
        if one != other:
            found[f"memory+{place}"] = (one, other)
    return found


def run_both(qemu: Qemu, core: Implementation, batch: Batch) -> tuple[bytes, bytes]:
    """The results of QEMU and of the virtual board, which run at the same time."""
    qemu.begin(batch)
    tested = core.run(batch)
    return qemu.finish(), tested


def differing_runs(batch: Batch, reference: bytes, tested: bytes) -> Iterator[tuple[int, int]]:
    """The block and the state of each run whose results differ."""
    if reference == tested:
        return
    for run in range(batch.runs):
        place = slice(run * RECORD_BYTES, (run + 1) * RECORD_BYTES)
        if reference[place] != tested[place]:
            block, state = divmod(run, len(batch.states))
            if parts(State.from_bytes(reference[place]), State.from_bytes(tested[place])):
                yield block, state


def reduce(qemu: Qemu, core: Implementation, batch: Batch, block: int, state: int) -> Difference:
    """A unit after which the states differ, with the state before it, in which they were the same.

    Where that unit alone makes no difference from that state, what made it is in no register: then the
    whole beginning of the block is given.
    """
    units, before = batch.blocks[block], batch.states[state]

    def run(code: tuple[Unit, ...], start: State) -> tuple[State, State]:
        # Behind empty blocks, at the address of the block: addresses are values too.
        alike = Batch((*[()] * block, code), (start,), batch.block_bytes)
        reference, tested = run_both(qemu, core, alike)
        return alike.result(reference, block, 0), alike.result(tested, block, 0)

    ends = {len(units): run(units, before)}
    if not parts(*ends[len(units)]):
        return Difference(_joined(units, "not seen again"), before, before, before)
    same, different = 0, len(units)
    while different - same > 1:
        middle = (same + different) // 2
        ends[middle] = run(units[:middle], before)
        if parts(*ends[middle]):
            different = middle
        else:
            same = middle
    start = replace(ends[same][0], stack_pointer=BLOCK_SP) if same else before
    filler = Unit(NOP * (sum(len(unit.code) for unit in units[:same]) // len(NOP)))
    alone = run((filler, units[same]), start)
    if parts(*alone):
        return Difference(units[same], start, *alone)
    return Difference(_joined(units[:different], "only together"), before, *ends[different])


def _joined(units: tuple[Unit, ...], label: str) -> Unit:
    return Unit(b"".join(unit.code for unit in units), sum(unit.instructions for unit in units), label)
