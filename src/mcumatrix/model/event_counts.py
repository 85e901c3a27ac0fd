"""Counts of events within layers, out of counters of eight bits (Arm v7-M ARM, DDI 0403E, section C1.8).

A layer is counted several times: once undisturbed, which gives its cycles and all counts modulo 256, and with
interrupts of several periods, each of which reads the counters before one of them can wrap. An interrupt adds
events of its own, the same number of instructions each time: so there is a line through what was counted with
different numbers of interrupts, and what it has at none is what the layer itself did. docs/timing.md says why
this holds, and how far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

from annotated_types import Len

from mcumatrix.model.bounds import MAX_LAYERS, Cycles, Unsigned32
from mcumatrix.model.image import KEPT

MODULUS = 256
"""Event counters have eight bits (DDI 0403E, C1.8.9 to C1.8.13)."""

NOPRFCNT = 1 << 24
"""Of DWT_CTRL: the core has no event counters (DDI 0403E, C1.8.7)."""

PERIODS_CYCLES = (0, 64, 96, 128)
"""How a layer is counted: undisturbed first. Two others make a line, and a third one tells whether it is one.
The shortest leaves the layer as much time as the return of an interrupt takes, and with the longest, its
spread and an interrupt a window has fewer than 256 cycles."""

MAX_INFERENCES = 16

_SURE = MODULUS // 4
"""So far may a line be from a number with the right residue: half of what would make another one nearer."""


@dataclass(frozen=True, slots=True)
class CountedLayer:
    """What was counted in a layer, that of the interrupts included; by `wire.Counted`, where the fields are
    explained."""

    __pydantic_config__ = KEPT

    interrupts: Unsigned32
    longest_cycles: Unsigned32
    cycles: Cycles
    cpi: Cycles
    exceptions: Cycles
    sleep: Cycles
    load_store: Cycles
    folded: Cycles

    @property
    def instructions(self) -> int:
        """How many were executed (DDI 0403E, C1.8.2); modulo 256 where the counts are."""
        return self.cycles - self.cpi - self.exceptions - self.sleep - self.load_store + self.folded

    @property
    def may_have_wrapped(self) -> bool:
        """Whether a counter may have wrapped within a window, which counts at most one event a cycle."""
        return self.longest_cycles >= MODULUS


@dataclass(frozen=True, slots=True)
class CountedInference:
    """An inference with interrupts each `period_cycles`, 0 for none."""

    __pydantic_config__ = KEPT

    period_cycles: Unsigned32
    layers: Annotated[tuple[CountedLayer, ...], Len(1, MAX_LAYERS)]
    output_crc32: Unsigned32


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What a board counted: `inferences` is empty where its core has no event counters, as DWT_CTRL says."""

    __pydantic_config__ = KEPT

    dwt_ctrl: Unsigned32
    inferences: Annotated[tuple[CountedInference, ...], Len(0, MAX_INFERENCES)] = ()

    @property
    def has_counters(self) -> bool:
        """Whether the core says that it has event counters."""
        return not self.dwt_ctrl & NOPRFCNT


@dataclass(frozen=True, slots=True)
class EventsOfLayer:
    """What one layer did, undisturbed; None where it could not be told for certain.

    `instructions` are those that were executed. `cpi` are cycles of instructions beyond the first of each and
    of fetches, `load_store` those of loads and stores beyond the first; `exceptions` are cycles of entries
    and returns, `sleep` cycles asleep, `folded` instructions that took none.
    """

    cycles: int
    instructions: int | None
    cpi: int | None
    exceptions: int | None
    sleep: int | None
    load_store: int | None
    folded: int | None


_BY_THEIR_LINE = ("instructions", "exceptions", "sleep", "load_store", "folded")
"""CPI is what is left: what varies of an interrupt is how long the first fetch behind it waits, which counts
there."""


def events_of_layers(counts: EventCounts) -> tuple[EventsOfLayer, ...]:
    """What each layer did; nothing where the core has no event counters or was not counted undisturbed."""
    undisturbed = next((one for one in counts.inferences if one.period_cycles == 0), None)
    if undisturbed is None:
        return ()
    disturbed = [one for one in counts.inferences if one.period_cycles]
    return tuple(
        _events(layer, [one.layers[index] for one in disturbed if index < len(one.layers)])
        for index, layer in enumerate(undisturbed.layers)
    )


def _events(alone: CountedLayer, disturbed: Sequence[CountedLayer]) -> EventsOfLayer:
    usable = [layer for layer in disturbed if not layer.may_have_wrapped]

    found = {
        name: _at_no_interrupt(
            [(one.interrupts, getattr(one, name)) for one in usable], getattr(alone, name) % MODULUS
        )
        for name in _BY_THEIR_LINE
    }
    sure = {name: count for name, count in found.items() if count is not None}
    cpi: int | None = None
    if len(sure) == len(found):
        cpi = alone.cycles + sure["folded"]
        cpi -= sum(count for name, count in sure.items() if name != "folded")
        if cpi < 0 or cpi % MODULUS != alone.cpi % MODULUS:
            cpi = found["instructions"] = None
    return EventsOfLayer(cycles=alone.cycles, cpi=cpi, **found)


def _at_no_interrupt(points: Sequence[tuple[int, int]], residue: int) -> int | None:
    """Where lines through points of interrupts and counts are at no interrupt: the one number that has this
    residue modulo 256 and is near to all of them; None where there is none."""
    lines: list[float] = [count for interrupts, count in points if interrupts == 0]
    lines += [
        (one * others - other * ones) / (others - ones)
        for (ones, one), (others, other) in combinations(points, 2)
        if ones != others
    ]
    near = {residue + MODULUS * round((line - residue) / MODULUS) for line in lines}
    if len(near) != 1:
        return None
    (count,) = near
    is_sure = count >= 0 and all(abs(line - count) <= _SURE for line in lines)
    return count if is_sure else None
