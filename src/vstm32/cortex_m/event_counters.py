"""The DWT's five counters of events: eight bits each, which wrap (Arm v7-M ARM, section C1.8.2).

The instructions that were executed are CYCCNT - CPICNT - EXCCNT - SLEEPCNT - LSUCNT + FOLDCNT, as far as
eight bits can tell. Where a firmware polls and virtual time jumps to what it waits for, none of them counts.
"""

from vstm32.cortex_m.core import Core
from vstm32.cortex_m.event_counts import EventCounts

NAMES = ("CPICNT", "EXCCNT", "SLEEPCNT", "LSUCNT", "FOLDCNT")
"""In the order of their registers, and of the bits that enable them."""

_BITS = 0xFF


class EventCounters:
    """Of a core whose timing model knows them. Each counts while it is enabled, and begins at 0 then."""

    def __init__(self, core: Core) -> None:
        assert core.events is not None
        self._core = core
        self._events = core.events
        self.reset()

    def reset(self) -> None:
        """All off and zero."""
        self._values = [0] * len(NAMES)
        self._begun: list[int | None] = [None] * len(NAMES)
        self._core.count_events(False)

    def enable(self, wanted: int) -> None:
        """Which of them count: a bit for each, in the order of `NAMES`."""
        totals = self._totals()
        for number, begun in enumerate(self._begun):
            counts = bool(wanted >> number & 1)
            if counts and begun is None:
                self._values[number], self._begun[number] = 0, totals[number]
            elif not counts and begun is not None:
                self._values[number] = self.read(number)
                self._begun[number] = None
        self._core.count_events(wanted != 0)

    def read(self, number: int) -> int:
        """A counter, from 0 to 255."""
        begun = self._begun[number]
        passed = 0 if begun is None else self._totals()[number] - begun
        return self._values[number] + passed & _BITS

    def write(self, number: int, value: int) -> None:
        """Sets a counter."""
        self._values[number] = value & _BITS
        if self._begun[number] is not None:
            self._begun[number] = self._totals()[number]

    def _totals(self) -> tuple[int, ...]:
        core = self._core
        counts: EventCounts = self._events.at(core.access_program_counter if core.is_in_access else None)
        return counts.others, core.exception_cycles, core.slept_cycles, counts.load_store, counts.folded
