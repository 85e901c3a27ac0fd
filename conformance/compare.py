"""Compares what both implementations made of a batch, and reduces a difference to the unit that causes it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from conformance.batch import BLOCK_SP, MAX_RUNS, RECORD_BYTES, Batch, State, Unit
from conformance.qemu import Qemu

CORE_NAMES = (*(f"r{number}" for number in range(13)), "lr")


class Implementation(Protocol):
    """What runs batches."""

    name: str

    def run(self, batch: Batch) -> bytes: ...
    def close(self) -> None: ...


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


def reduce(qemu: Qemu, core: Implementation, block: tuple[Unit, ...], before: State) -> Difference:
    """The first unit after which the states differ, with the state before it, in which they were the same.

    Where that unit alone makes no difference from that state, what made it is in no register: then the
    whole beginning of the block is given.
    """
    beginnings = tuple(block[:end] for end in range(1, len(block) + 1))
    assert len(beginnings) <= MAX_RUNS
    batch = Batch(beginnings, (before,))
    reference, tested = run_both(qemu, core, batch)
    first = next((index for index, _ in differing_runs(batch, reference, tested)), None)
    if first is None:
        whole = Unit(b"".join(unit.code for unit in block), sum(unit.instructions for unit in block), "not again")
        return Difference(whole, before, before, before)
    start = before if first == 0 else batch.result(reference, first - 1, 0)
    start = replace(start, stack_pointer=BLOCK_SP)
    alone = Batch(((block[first],),), (start,))
    of_qemu, of_core = run_both(qemu, core, alone)
    unit, results = block[first], (alone.result(of_qemu, 0, 0), alone.result(of_core, 0, 0))
    if not parts(*results):
        taken = block[: first + 1]
        unit = Unit(b"".join(each.code for each in taken), sum(each.instructions for each in taken), "block")
        start, results = before, (batch.result(reference, first, 0), batch.result(tested, first, 0))
    return Difference(unit, start, *results)
