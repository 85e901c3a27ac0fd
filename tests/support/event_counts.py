"""Counts of events as a core makes them whose events are known."""

import random
from dataclasses import asdict, dataclass

from mcumatrix import wire
from mcumatrix.model.event_counts import (
    MODULUS,
    PERIODS_CYCLES,
    CountedInference,
    CountedLayer,
    EventCounts,
    EventsOfLayer,
)
from support.logs import exchange

HAS_COUNTERS = 0x4000_0001
HAS_NONE = 0x4100_0001


@dataclass(frozen=True)
class Interrupt:
    """What one adds: instructions, and cycles of their entry, return, loads and stores. Up to `cpi` cycles
    come besides, as it happens, and up to `load_store_varies` more of loads and stores."""

    instructions: int = 31
    exceptions: int = 24
    load_store: int = 13
    cpi: int = 20
    load_store_varies: int = 0


def events(instructions: int, cpi: int, load_store: int, *, sleep: int = 0, folded: int = 0) -> EventsOfLayer:
    """What a layer does, by its parts."""
    cycles = instructions + cpi + load_store + sleep - folded
    return EventsOfLayer(cycles, instructions, cpi, 0, sleep, load_store, folded)


def counted(layer: EventsOfLayer, period_cycles: int, added: Interrupt | None = None) -> CountedLayer:
    """What a board counts of it."""
    known = {name: count or 0 for name, count in asdict(layer).items()}
    if period_cycles == 0:
        wrapped = {name: known[name] % MODULUS for name in known if name not in ("cycles", "instructions")}
        return CountedLayer(interrupts=0, longest_cycles=layer.cycles, cycles=layer.cycles, **wrapped)
    added = added or Interrupt()
    chance = random.Random(period_cycles)
    interrupts = layer.cycles // period_cycles
    known["instructions"] += interrupts * added.instructions
    known["exceptions"] += interrupts * added.exceptions
    known["load_store"] += sum(
        added.load_store + chance.randint(0, added.load_store_varies) for _ in range(interrupts)
    )
    known["cpi"] += sum(chance.randint(0, added.cpi) for _ in range(interrupts))
    known["cycles"] = (
        sum(known[name] for name in ("instructions", "cpi", "exceptions", "sleep", "load_store"))
        - known["folded"]
    )
    del known["instructions"]
    longest = min(known["cycles"], MODULUS - 1)
    return CountedLayer(interrupts=interrupts, longest_cycles=longest, **known)


def counts_of(*layers: EventsOfLayer, added: Interrupt | None = None, output_crc32: int = 0) -> EventCounts:
    """What a board counts of some layers, with all periods."""
    return EventCounts(
        HAS_COUNTERS,
        tuple(
            CountedInference(period, tuple(counted(layer, period, added) for layer in layers), output_crc32)
            for period in PERIODS_CYCLES
        ),
    )


def counting_log(counts: EventCounts, *, first_nonce: int = 0x700) -> bytes:
    """The answers to CountEvents with them."""
    if not counts.inferences:
        said = [wire.Counting(0, counts.dwt_ctrl)]
        return exchange(wire.CountEvents.number, first_nonce, said)
    return b"".join(
        exchange(
            wire.CountEvents.number,
            first_nonce + number,
            [
                wire.Counting(inference.period_cycles, counts.dwt_ctrl),
                *(wire.Counted(at, **asdict(layer)) for at, layer in enumerate(inference.layers)),
                wire.Inferred(1, inference.output_crc32),
            ],
        )
        for number, inference in enumerate(counts.inferences)
    )
