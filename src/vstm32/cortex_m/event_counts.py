"""What the core has done of each kind that the DWT's event counters count, as the timing model has it.

The hook counts whole blocks (native/events.c); what of a block has not run yet is taken off where somebody
looks or the core stops within it.
"""

from dataclasses import dataclass
from typing import Any

from vstm32.cortex_m.block_records import BlockRecords


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Counts since power-on, while they were counted."""

    others: int
    """Cycles of instructions beyond the first, and of their fetches, that no load or store takes (CPICNT)."""

    load_store: int
    """Cycles of loads and stores beyond the first of each (LSUCNT)."""

    folded: int
    """Instructions that took no cycle (FOLDCNT)."""


class EventCount:
    """The counts of one core, over the `struct events` of native/layout.h."""

    def __init__(self, table: Any, blocks: BlockRecords) -> None:
        self.table = table
        """What the hook counts in: a `struct events *`."""
        self._blocks = blocks

    def at(self, address: int | None) -> EventCounts:
        """Up to an instruction of the block that runs, or up to the end of what has run."""
        table = self.table
        left = EventCounts(0, 0, 0) if address is None else self._left(address)
        return EventCounts(
            table.others - left.others, table.load_store - left.load_store, table.folded - left.folded
        )

    def take_back(self, address: int) -> None:
        """The block that runs has stopped before an instruction."""
        self.restore(self.at(address))

    def restore(self, counts: EventCounts) -> None:
        """As they were when they were looked at."""
        self.table.others, self.table.load_store = counts.others, counts.load_store
        self.table.folded = counts.folded

    def _left(self, address: int) -> EventCounts:
        events = self._blocks.events_left(address)
        if not events.instructions:
            return EventCounts(0, 0, 0)
        waits = self._blocks.data_waits_left(address)
        load_store = events.load_store
        if self._blocks.begins_at(address):
            load_store -= self.table.saved
        cycles = self._blocks.cycles_left(address) - waits
        others = cycles - events.instructions + events.folded - load_store
        return EventCounts(others, load_store + waits, events.folded)
