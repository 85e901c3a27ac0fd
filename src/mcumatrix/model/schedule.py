"""When the variants of a matrix are run: how often, in which order, and what shows that the bench drifts."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Interval

from mcumatrix.hashing import hash_bytes
from mcumatrix.model.image import KEPT

MAXIMUM_RUNS = 1000


class Ordering(StrEnum):
    """The order in which runs are begun."""

    PLAN = "plan"
    """All runs of a variant, then those of the next."""
    ROUND_ROBIN = "round-robin"
    """The first run of every variant, then the second of every one."""
    RANDOM = "random"
    """As a seed says."""


class Moment(StrEnum):
    """When the reference variant is run besides, so that a drift of the bench shows."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the runs of a variant: its number from 1 on, or the moment of a run as the reference.

    `unit` is for images that test the units of a board: each unit has its own.
    """

    __pydantic_config__ = KEPT

    run: Annotated[int, Interval(ge=1, le=MAXIMUM_RUNS)] = 1
    moment: Moment | None = None
    unit: str = ""

    @property
    def suffix(self) -> str:
        """What tells its files and its task from those of other runs; empty for the first."""
        if self.unit:
            # A unit may be called by a path or an address.
            return f".unit{hash_bytes(self.unit.encode())[:12]}"
        if self.moment:
            return f".{self.moment}"
        return f".run{self.run}" if self.run > 1 else ""

    def __str__(self) -> str:
        return f"the reference at the {self.moment}" if self.moment else f"run {self.run}"


FIRST = Slot()


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the runs of a matrix follow each other. `seed` is that of a random order.

    `references` are the slugs of the variants that are run at start, middle and end besides, at most one for
    each board; their medians may differ by `drift_percent` before that is a finding.
    """

    runs: int = 1
    order: Ordering = Ordering.PLAN
    seed: int = 1
    references: tuple[str, ...] = ()
    drift_percent: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Whether it makes no difference when a run is begun, so that each may follow its build."""
        return self.order is Ordering.PLAN and not self.references

    @property
    def order_text(self) -> str:
        """What a record says of the order; empty for that of the plan."""
        if self.order is Ordering.PLAN:
            return ""
        return f"{self.order}, seed {self.seed}" if self.order is Ordering.RANDOM else str(self.order)

    def slots_of(self, slug: str) -> tuple[Slot, ...]:
        """All runs that a variant is due, those as the reference last."""
        numbered = tuple(Slot(run) for run in range(1, self.runs + 1))
        return numbered + (tuple(Slot(1, moment) for moment in Moment) if slug in self.references else ())

    def phases(self, slugs: Sequence[str]) -> tuple[tuple[tuple[str, Slot], ...], ...]:
        """The runs of some variants as they are begun; what is in one phase ends before the next begins."""
        order = self._in_order(slugs)
        references = [slug for slug in self.references if slug in set(slugs)]
        if not references:
            return (order,)

        def at(moment: Moment) -> tuple[tuple[str, Slot], ...]:
            return tuple((slug, Slot(1, moment)) for slug in references)

        half = len(order) // 2
        phases = (at(Moment.START), order[:half], at(Moment.MIDDLE), order[half:], at(Moment.END))
        return tuple(phase for phase in phases if phase)

    def _in_order(self, slugs: Sequence[str]) -> tuple[tuple[str, Slot], ...]:
        slots = [Slot(run) for run in range(1, self.runs + 1)]
        if self.order is Ordering.PLAN:
            return tuple((slug, slot) for slug in slugs for slot in slots)
        rounds = [(slug, slot) for slot in slots for slug in slugs]
        if self.order is Ordering.RANDOM:
            random.Random(self.seed).shuffle(rounds)
        return tuple(rounds)
